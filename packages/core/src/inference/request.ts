import type { Crop } from '../frames/crop.js';
import type { Frame } from '../frames/frame.js';

/** A network to open. */
export interface ModelSource {
  readonly name: string;
  /** Path of an .onnx file, or its bytes. Free sizes of its inputs are fixed when a session is opened for a run. */
  readonly model: string | Uint8Array;
  /**
   * The same network compiled for this machine's CPU (see onnx-lens' `ensureCompiled`): opened in its place there,
   * without optimizing the graph again.
   */
  readonly compiled?: string;
  /**
   * `start` (default): opened and warmed up in every worker when the pool opens; `first-use`: not before it is asked
   * for.
   */
  readonly open?: 'start' | 'first-use';
  /**
   * Items that one run may hold, default 1: runs of one crop each that wait at the same time are joined up to that
   * many. The graph's batch must be free, or fixed to just that (`batchIsFixed`), when fewer are filled up with copies.
   */
  readonly batch?: number;
  readonly batchIsFixed?: boolean;
  /** Measured memory of a session, in bytes; estimated where it is left out. */
  readonly memoryBytes?: number;
  /** Of networks that several runs wait for, the one with the higher number goes first. Default 0. */
  readonly urgency?: number;
}

/** A crop of a frame that becomes one item of a batch. The frame must stay unreleased until the run has ended. */
export interface CropRequest {
  readonly frame: Frame;
  readonly crop: Crop;
}

/** One input of a network: values as they are, or crops that the worker itself samples from shared memory. */
export type NetworkInput =
  | { readonly kind: 'values'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly kind: 'crops'; readonly crops: readonly CropRequest[] };

/** One output of a network, float32, row-major. */
export interface NetworkOutput {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** One run of one network. */
export interface RunRequest {
  readonly model: string;
  readonly inputs: Readonly<Record<string, NetworkInput>>;
  /** Names of the outputs to compute; all when left out. */
  readonly outputs?: readonly string[];
}

/** Outputs by name. */
export type RunResult = Readonly<Record<string, NetworkOutput>>;
