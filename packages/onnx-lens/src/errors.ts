/** Stable codes of every error that onnx-lens throws on purpose. */
export type OnnxLensErrorCode =
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'NOT_ONNX'
  | 'GRAPH_CYCLE'
  | 'VALUE_MISSING'
  | 'VALUE_DUPLICATE'
  | 'TENSOR_INVALID'
  | 'EXTERNAL_DATA'
  | 'RUNTIME_REFUSED'
  | 'UNSUPPORTED_MODEL'
  | 'UNSUPPORTED_OPERATOR'
  | 'NOT_TFLITE'
  | 'NOT_CHECKPOINT'
  | 'UNSAFE_PICKLE'
  | 'USAGE'
  | 'LOG_UNREADABLE'
  | 'TRACE_UNREADABLE'
  | 'PROOF_FAILED'
  | 'MANIFEST_MISMATCH';

/**
 * An expected failure: the message is one sentence that says what was wrong, where, and what to do, fit to be shown to
 * a user as it is. Callers branch on `code`.
 *
 * @example
 * try {
 *   loadModel('missing.onnx');
 * } catch (error) {
 *   if (!(error instanceof OnnxLensError)) throw error;
 *   console.log(error.code); // 'FILE_UNREADABLE'
 * }
 */
export class OnnxLensError extends Error {
  override readonly name = 'OnnxLensError';
  readonly code: OnnxLensErrorCode;

  constructor(code: OnnxLensErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What an error says; of something else that was thrown, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
