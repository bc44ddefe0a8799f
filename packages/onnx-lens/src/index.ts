/** The public face of onnx-lens: everything that is exported, and nothing that is not. */
export { OnnxLensError, type OnnxLensErrorCode } from './errors.js';
export { loadModel, type ExternalData } from './model/load.js';
export { parseModel } from './model/parse.js';
export { saveModel } from './model/save.js';
export { serializeModel } from './model/serialize.js';
export { Graph, describeNode } from './model/graph.js';
export { GraphBuilder, type Dimension, type NodeOptions } from './model/builder.js';
export { float as floatAttribute, type AttributeValue } from './model/attributes.js';
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
  type AttributeProto,
  type DeviceConfigurationProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeDeviceConfigurationProto,
  type NodeProto,
  type OperatorSetIdProto,
  type IntIntListEntryProto,
  type ShardedDimProto,
  type ShardingSpecProto,
  type SparseTensorProto,
  type StringStringEntryProto,
  type TensorAnnotation,
  type TensorProto,
  type TrainingInfoProto,
  type TypeProto,
  type ValueInfoProto,
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
export { levelOneGraph, runtimeGraph, type RuntimeGraphOptions } from './runtime/runtime-graph.js';
export { inferShapes, type InferOptions } from './shapes/infer.js';
export type { ValueType } from './shapes/value-type.js';
export type { TargetOptions } from './coverage/graph-result.js';
export { analyseCoverage, type CoverageOptions } from './coverage/analyse.js';
export { COREML_FORMATS, ORT_VERSIONS, PROVIDERS } from './providers/target.js';
export type * from './coverage/result.js';
export { loadCheckpoint } from './import/pytorch/load.js';
export {
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
  type ReleaseRow,
  type RewriteOptions,
  type RewriteProgress,
  type RewrittenModel,
} from './rewrite/optimize.js';
export type { PassRow } from './rewrite/pass-rows.js';
export type { SplitSummary } from './rewrite/cost.js';
export { REWRITES } from './rewrite/registry.js';
export type { AnyRewrite, GraphRewrite, Rewrite, RewritePurpose } from './rewrite/rewrite.js';
export type { OutputProof } from './rewrite/output-proof.js';
export type { TensorDifference } from './rewrite/compare-tensors.js';
export type { InputRange } from './rewrite/seeded-inputs.js';
export type { InputValues } from './rewrite/fix-inputs.js';
export type { Simplification } from './rewrite/simplify.js';
export type { Emitter } from './rewrite/emitter.js';
export type { Workbench } from './rewrite/workbench.js';
export { proveEqual, type Proof, type ProofOptions, type RunnableModel } from './rewrite/proof.js';
export { optimizeProven, type ProvenModel, type ProvenOptions } from './rewrite/proven.js';
export { fixDimensions, freeDimensions } from './rewrite/fix-dimensions.js';
export { convertToHalf } from './prepare/half.js';
export { quantizeModel } from './prepare/quantize.js';
export { exportCoreMl, type CoreMlExport, type ExportedFunction } from './export/coreml/export.js';
export { IOS_VERSIONS, type CoreMlExportOptions, type IosVersion } from './export/coreml/options.js';
export type { Feed, HalfError } from './export/coreml/half-error.js';
export type { MilType } from './export/coreml/values.js';
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
export type { FileIdentity } from './prepare/file-identity.js';
export type { Machine } from './prepare/machine.js';
export { measureBatchCurve, type BatchCurve, type BatchCurveOptions, type BatchPoint } from './prepare/batch-curve.js';
