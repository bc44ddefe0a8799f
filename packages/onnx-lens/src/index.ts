/** The public face of onnx-lens: everything that is exported, and nothing that is not. */
export { OnnxLensError, type OnnxLensErrorCode } from './errors.js';
export { loadModel } from './model/load.js';
export { parseModel } from './model/parse.js';
export { writeFileWhole } from './files.js';
export { randomNumbers } from './random.js';
export { saveModel } from './model/save.js';
export { serializeModel } from './model/serialize.js';
export { Graph, describeNode } from './model/graph.js';
export { GraphBuilder, type Dimension, type NodeOptions } from './model/builder.js';
export { float } from './model/attributes.js';
export {
  elementCount,
  floatTensor,
  floatToHalf,
  halfToFloat,
  int64Tensor,
  readTensor,
  tensorNumbers,
  type Tensor,
  type TensorData,
} from './model/tensors.js';
export {
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from './model/generated/onnx_pb.js';
export {
  runtimeVersion,
  Session,
  withSession,
  OPTIMIZATION_LEVELS,
  type OptimizationLevel,
  type SessionOptions,
  type ValueDescription,
} from './runtime/session.js';
export { optimize, optimizeBasic, type OptimizeOptions } from './runtime/optimize.js';
export { inferShapes } from './shapes/infer.js';
export type { ValueType } from './shapes/value-type.js';
export { analyseCoverage, type CoverageOptions } from './coverage/analyse.js';
export { crossesFreeDimensions } from './coverage/partitions.js';
export { COREML_FORMATS, ORT_VERSIONS, PROVIDERS } from './providers/target.js';
export type * from './coverage/result.js';
export { loadCheckpoint } from './import/pytorch/load.js';
export {
  looksLikeCheckpoint,
  parseCheckpoint,
  type Checkpoint,
  type CheckpointFormat,
  type CheckpointOptions,
} from './import/pytorch/checkpoint.js';
export type { CheckpointTensor } from './import/pytorch/checkpoint-tensor.js';
export { asFloat32 } from './import/pytorch/storage.js';
export { parseLog } from './logs/sessions.js';
export type * from './logs/facts.js';
export { parseTrace, readTrace } from './logs/trace.js';
export type * from './logs/trace-report.js';
export {
  compareWithLog,
  type ComparedFigure,
  type ComparedNode,
  type LogComparison,
  type LoneNode,
} from './logs/compare.js';
export { coverageHtml } from './report/html/page.js';
export { coverageJson } from './report/json.js';
export { coverageMarkdown } from './report/markdown.js';
export { coverageText, type TerminalOptions } from './report/terminal.js';
export { convertTflite, type TfliteImportOptions } from './import/tflite/convert.js';
export { importTflite } from './import/tflite/load.js';
export { coveredTfliteOperators } from './import/tflite/translations.js';
export {
  optimizeForProvider,
  type PassRow,
  type ReleaseRow,
  type RewriteOptions,
  type RewriteProgress,
  type RewrittenModel,
} from './rewrite/optimize.js';
export { costOf, type SplitSummary } from './rewrite/cost.js';
export { REWRITES } from './rewrite/registry.js';
export type { AnyRewrite, GraphRewrite, Rewrite, RewritePurpose } from './rewrite/rewrite.js';
export type { OutputProof } from './rewrite/output-proof.js';
export { proveEqual, type Proof, type ProofOptions } from './rewrite/proof.js';
export { optimizeProven, type ProvenModel } from './rewrite/proven.js';
export { fixDimensions, freeDimensions } from './rewrite/fix-dimensions.js';
export { convertToHalf } from './prepare/half.js';
export { quantizeModel } from './prepare/quantize.js';
export { exportCoreMl, type CoreMlExport, type ExportedFunction } from './export/coreml/export.js';
export { IOS_VERSIONS, type CoreMlExportOptions, type IosVersion } from './export/coreml/options.js';
export type { Feature } from './export/coreml/interface.js';
export type { ImageInput } from './export/coreml/image-input.js';
export type { EncodedPackage, PackageMetadata } from './export/coreml/package.js';
export { writePackage } from './export/coreml/write-files.js';
export { exportText } from './report/export-text.js';
export { readCalibration, type Feeds } from './prepare/calibration.js';
export type { ImagePreprocessing } from './prepare/images.js';
export {
  COMPILE_PROVIDERS,
  compileModel,
  ensureCompiled,
  loadCompiled,
  type CompiledModel,
  type CompileManifest,
  type CompileOptions,
  type CompileProvider,
} from './prepare/compile.js';
export { thisMachine, type Machine } from './prepare/machine.js';
export {
  kneeOf,
  measureBatchCurve,
  type BatchCurve,
  type BatchCurveOptions,
  type BatchPoint,
} from './prepare/batch-curve.js';
