import type { ModelProto } from '../model/generated/onnx_pb.js';
import type { GraphView } from '../providers/graph-view.js';
import type { InnerGraph } from './inner-graphs.js';

/** A model as read, ready to be optimized under several fixings of its free dimensions. */
export interface SourceModel {
  /** How to call it in messages. */
  readonly origin: string;
  /** The model; large weights are references into `dataFolder`, not bytes. */
  readonly model: ModelProto;
  /** Folder of external data; undefined for a model that was given as an object with all its weights. */
  readonly dataFolder: string | undefined;
  /** Name of the model's own file in `dataFolder`, which detached weights refer to. */
  readonly file: string | undefined;
  /** Name of the file in `dataFolder` that stands for weights which nodes make; see made-weights.ts. */
  readonly madeWeights?: string;
}

/** A level-1 graph, and what happened on the way. */
export interface LevelOne {
  readonly graph: GraphView;
  /**
   * The graphs of If, Loop and Scan, at any depth, whose nodes `graph` does not hold; none unless they were asked for.
   */
  readonly inner: readonly InnerGraph[];
  readonly notes: readonly string[];
}
