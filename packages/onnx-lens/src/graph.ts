/** What needs no runtime and no files: "onnx-lens/graph". Runs in browsers, too. */
export { OnnxLensError, type OnnxLensErrorCode } from './errors.js';
export { randomNumbers } from './random.js';
export { Graph, describeNode } from './model/graph.js';
export { GraphBuilder, type Dimension, type NodeOptions } from './model/builder.js';
export { float } from './model/attributes.js';
export {
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from './model/generated/onnx_pb.js';
export { asFloat32 } from './import/pytorch/storage.js';
export type { CheckpointTensor } from './import/pytorch/checkpoint.js';
