/**
 * Execution providers that coverage can predict.
 *
 * @example
 * PROVIDERS[0]; // 'coreml'
 */
export const PROVIDERS = ['coreml', 'xnnpack', 'nnapi', 'webnn'] as const;
/** One of {@link PROVIDERS}. */
export type ProviderName = (typeof PROVIDERS)[number];

/**
 * The two forms in which the Core ML provider writes its models.
 *
 * @example
 * COREML_FORMATS.includes('mlprogram'); // true
 */
export const COREML_FORMATS = ['mlprogram', 'neuralnetwork'] as const;
/** One of {@link COREML_FORMATS}. */
export type CoreMlFormat = (typeof COREML_FORMATS)[number];

/**
 * ONNX Runtime releases whose rules are known, as `major.minor`.
 *
 * @example
 * ORT_VERSIONS[0]; // '1.21'
 */
export const ORT_VERSIONS = [
  '1.21',
  '1.22',
  '1.23',
  '1.24',
  '1.25',
  '1.26',
  '1.27',
  '1.28',
  '1.29',
  '1.30',
  '1.31',
  '1.32',
] as const;
/** One of {@link ORT_VERSIONS}. */
export type OrtVersion = (typeof ORT_VERSIONS)[number];

/** The newest release whose rules are known. */
export const NEWEST_ORT = '1.32' satisfies OrtVersion;

/** Provider and settings under which a model is analysed. */
export interface Target {
  readonly provider: ProviderName;
  /** Core ML only; for other providers null. */
  readonly format: CoreMlFormat | null;
  readonly staticShapesOnly: boolean;
  readonly ort: OrtVersion;
}

/** Why a node is left to the CPU: a stable code for grouping, and the sentence. */
export interface Reason {
  /** The rule, e.g. `op-type`, `resize.coordinate-mode`, `input-shape.dynamic`, `partition.dropped`. */
  readonly rule: string;
  /** What about this node breaks the rule, in words, with the attribute, input or shape. */
  readonly text: string;
}
