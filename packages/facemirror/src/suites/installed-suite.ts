import type { ImageInput, ModelProto } from 'onnx-lens';
import type { ModelFile, SuiteDefinition } from 'facemirror-core/suites/suite.js';

/** A file of a suite that is to be fetched. */
export interface WantedFile {
  readonly file: ModelFile;
  /** Of its content, as the program or the server says; null when nobody does. */
  readonly sha256: string | null;
}

/** What the model cache holds of a suite: one network, or one file of several. */
export interface CachedNetwork {
  /** Its name for the user. */
  readonly title: string;
  /** `other`: not the version that this program was checked with. */
  readonly state: 'absent' | 'intact' | 'other' | 'damaged';
  /** True when the suite works without it. */
  readonly isOptional: boolean;
  /** The file that it was made of, where it was made. */
  readonly source?: string;
  readonly sha256?: string;
  /** What is wrong with one that is damaged. */
  readonly why?: string;
}

/** How a suite's networks are taken for Core ML packages. */
export interface ExportSources {
  readonly modelsFolder?: string;
  /** Size of the detector's picture, in suites whose detector takes any; multiples of 32. */
  readonly height: number;
  readonly width: number;
  /** Seed of made-up weights in place of the suite's files. */
  readonly randomInit?: number;
}

/** A network that becomes a Core ML package. */
export interface ExportNetwork {
  readonly name: string;
  readonly model: ModelProto;
  /** How its picture is prepared; absent for one that takes no picture. */
  readonly image?: ImageInput;
  readonly licence: string;
}

/**
 * A suite on this machine. Each suite is one folder here, whose `suite.ts` exports one of these as `SUITE`; commands
 * know suites by this interface alone.
 */
export interface InstalledSuite extends SuiteDefinition {
  /** Looks at what the model cache holds of it. */
  cached(): Promise<readonly CachedNetwork[]>;
  /** Those of the files that the cache holds already, whole and with the content that is wanted. */
  present(wanted: readonly WantedFile[]): Promise<ReadonlySet<ModelFile>>;
  /** The folder for downloads. */
  downloadFolder(): string;
  /**
   * Makes a downloaded file ready for use, and removes it; absent where files are used as they come. Gives a sentence
   * for the user. @throws FaceMirrorError CHECKPOINT_MISMATCH, MODEL_CORRUPT for a file that is not what was announced.
   */
  adopt?(path: string): Promise<string>;
  /** @throws FaceMirrorError MODEL_MISSING, or USAGE for sources that do not apply. */
  exportNetworks(sources: ExportSources): AsyncGenerator<ExportNetwork>;
}
