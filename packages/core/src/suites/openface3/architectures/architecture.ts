import type { ModelProto } from 'onnx-lens/graph';
import type { TensorSpec, Weights } from './weights.js';

/** The three networks of the suite openface3. */
export const ARCHITECTURE_NAMES = ['retinaface', 'star', 'mtl'] as const;
export type ArchitectureName = (typeof ARCHITECTURE_NAMES)[number];

/** How to build a graph. */
export interface BuildOptions {
  /** Items of a batch; left out, the graph takes any number. */
  readonly batch?: number;
  /** Pixels, for networks that take any size; left out, the graph takes any multiple of 32. */
  readonly height?: number;
  readonly width?: number;
  /** `needed` (default): what Face Mirror reads; `all`: what the original network gives. */
  readonly outputs?: 'needed' | 'all';
}

/** A network: the tensors that its checkpoint holds, and the ONNX graph that they make. */
export interface Architecture {
  readonly name: ArchitectureName;
  readonly title: string;
  /** Every tensor of the network's checkpoint. */
  tensors(): readonly TensorSpec[];
  /** The same weights and options give the same bytes. */
  build(weights: Weights, options?: BuildOptions): ModelProto;
}

/** 17 is old enough for every runtime in use and new enough for the operators used here. */
export const OPSET = 17;

/** The batch dimension as a graph declares it. */
export function batchDimension(options: BuildOptions): number | string {
  return options.batch ?? 'batch';
}
