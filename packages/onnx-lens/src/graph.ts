/** What needs no runtime and no files: "onnx-lens/graph". Runs in browsers, too. */
export { OnnxLensError, type OnnxLensErrorCode } from './errors.js';
export { randomNumbers } from './random.js';
export { parseModel } from './model/parse.js';
export { serializeModel } from './model/serialize.js';
export { Graph, describeNode } from './model/graph.js';
export { GraphBuilder, type Dimension, type NodeOptions } from './model/builder.js';
export { float as floatAttribute } from './model/attributes.js';
export {
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from './model/generated/onnx_pb.js';
export { asFloat32 } from './import/pytorch/storage.js';
export type { CheckpointTensor } from './import/pytorch/checkpoint-tensor.js';
export { convertTflite, type TfliteImportOptions } from './import/tflite/convert.js';
export { coveredTfliteOperators } from './import/tflite/translations.js';
export { analyseGraph } from './coverage/analyse-graph.js';
export type { TargetOptions } from './coverage/graph-result.js';
export type * from './coverage/result.js';
export { COREML_FORMATS, ORT_VERSIONS, PROVIDERS } from './providers/target.js';
export { parseLog } from './logs/sessions.js';
export type * from './logs/facts.js';

export { parseTrace } from './logs/trace.js';
export type { TraceReport } from './logs/trace-report.js';
export { compareWithLog, type LogComparison } from './logs/compare.js';
export { coverageHtml } from './report/html/page.js';
export { coverageJson } from './report/json.js';
export { coverageMarkdown } from './report/markdown.js';
