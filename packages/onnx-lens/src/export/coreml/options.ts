import type { InputRange } from '../../rewrite/seeded-inputs.js';
import type { Feed } from './half-error.js';
import type { ImageInput } from './image-input.js';
import type { PackageMetadata } from './package.js';

/**
 * iOS releases that a package can be written for; each later one allows more operations.
 *
 * @example
 * IOS_VERSIONS.includes(16); // true
 */
export const IOS_VERSIONS = [15, 16, 17, 18] as const;
/** One of {@link IOS_VERSIONS}. */
export type IosVersion = (typeof IOS_VERSIONS)[number];

/** Settings of {@link exportCoreMl}. */
export interface CoreMlExportOptions {
  /** How to call the model in messages. */
  readonly name?: string;
  /** Sizes of free dimensions, by name or `input[axis]`. */
  readonly fix?: Readonly<Record<string, number>>;
  /** The least system that the package must run on; default 16 (macOS 13). */
  readonly ios?: IosVersion;
  /** Half floats in place of float32; inputs and outputs stay as they are. */
  readonly half?: boolean;
  /** Weights of convolutions and linear layers as 8-bit numbers; needs iOS 16. */
  readonly int8Weights?: boolean;
  /** Inputs that are to be pictures, by name. */
  readonly images?: Readonly<Record<string, ImageInput>>;
  /**
   * Several sets of sizes, each a function of the package over the same weights; needs iOS 18. The first is the
   * default.
   */
  readonly sizes?: readonly { readonly name: string; readonly fix: Readonly<Record<string, number>> }[];
  readonly metadata?: PackageMetadata;
  /** Names of classes: the package becomes a classifier of the first output that has as many values. */
  readonly labels?: readonly string[];
  /** Write the graph as it is; only constants are computed. */
  readonly asIs?: boolean;
  /** How far an output may be off: see `proveEqual`. Default 1e-5; with `half` or `int8Weights` 0.05. */
  readonly tolerance?: number;
  readonly samples?: number;
  readonly seed?: number;
  readonly ranges?: Readonly<Record<string, InputRange>>;
  /** Inputs on which halves are measured, such as real pictures; seeded ones when left out. */
  readonly feeds?: readonly Feed[];
  readonly onProgress?: (step: string) => void;
}

/** Pictures hold pixels from 0 to 255. */
export function imageRanges({ images = {}, ranges = {} }: CoreMlExportOptions): Readonly<Record<string, InputRange>> {
  return { ...Object.fromEntries(Object.keys(images).map((name) => [name, { min: 0, max: 255 }])), ...ranges };
}
