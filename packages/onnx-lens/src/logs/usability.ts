import type { LoggedEstimate } from './facts.js';

/** What ONNX Runtime's usability checker for mobile says (onnxruntime.tools.check_onnx_model_mobile_usability). */
export type UsabilityMessage =
  | { readonly kind: 'check-start' }
  /** What follows is for the model with its free dimensions fixed. */
  | { readonly kind: 'check-fixed' }
  | {
      readonly kind: 'estimate';
      readonly provider: string;
      readonly partitions: number;
      readonly nodes: number;
      readonly supported: number;
    }
  | { readonly kind: 'estimate-detail'; readonly detail: EstimateDetail };

/** What lines after an estimate add to it. */
export type EstimateDetail = Partial<
  Pick<
    LoggedEstimate,
    'partitionSizes' | 'refusedByOperator' | 'refusedByDynamicShape' | 'refusedByRank' | 'unsupportedOps' | 'conclusion'
  >
>;

const START = /\bChecking .{1,2000} for usability with ORT Mobile/;
const FIXED = /Partition information if the model was updated to make the shapes fixed/;
const ESTIMATE =
  /(\d{1,9}) partitions with a total of (\d{1,9})\/(\d{1,9}) nodes can be handled by the ([\w ]{1,60}) EP\b/;
const SIZES = /Partition sizes: \[([\d, ]{0,20000})\]/;
const BY_OPERATOR = /Unsupported nodes due to operator=(\d{1,9})/;
const BY_SHAPE = /Unsupported nodes due to input having a dynamic shape=(\d{1,9})/;
const BY_RANK = /Unsupported nodes due to rank of input data=(\d{1,9})/;
const OPERATORS = /\bUnsupported ops: (\S{1,20000})/;
const CONCLUSION =
  /\b(?:NNAPI|CoreML)(?: \w{1,30})? (?:should work well|may work well|will probably not work|can be considered|is not recommended|cannot run any nodes)\b\b.{0,400}/;
/** Reads one line of the checker; null for all else. */
export function readUsability(text: string): UsabilityMessage | null {
  if (START.test(text)) return { kind: 'check-start' };
  if (FIXED.test(text)) return { kind: 'check-fixed' };
  const estimate = ESTIMATE.exec(text);
  if (estimate !== null) {
    const [, partitions, supported, nodes, provider = ''] = estimate;
    return {
      kind: 'estimate',
      provider,
      partitions: Number(partitions),
      nodes: Number(nodes),
      supported: Number(supported),
    };
  }
  const detail = readDetail(text);
  return detail === null ? null : { kind: 'estimate-detail', detail };
}

function readDetail(text: string): EstimateDetail | null {
  const sizes = SIZES.exec(text)?.[1];
  if (sizes !== undefined) return { partitionSizes: sizes.match(/\d{1,9}/g)?.map(Number) ?? [] };
  const byOperator = BY_OPERATOR.exec(text)?.[1];
  if (byOperator !== undefined) return { refusedByOperator: Number(byOperator) };
  const byShape = BY_SHAPE.exec(text)?.[1];
  if (byShape !== undefined) return { refusedByDynamicShape: Number(byShape) };
  const byRank = BY_RANK.exec(text)?.[1];
  if (byRank !== undefined) return { refusedByRank: Number(byRank) };
  const operators = OPERATORS.exec(text)?.[1];
  if (operators !== undefined) return { unsupportedOps: operators.split(',').filter((each) => each !== '') };
  const conclusion = CONCLUSION.exec(text)?.[0];
  return conclusion === undefined ? null : { conclusion };
}
