import type { ModelProto } from './generated/onnx_pb.js';

/** True for the two spellings of the standard operators' domain. */
export function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** The version of the standard operators that a model asks for; 0 when it uses none. */
export function standardOpset(model: ModelProto): number {
  return Number(model.opsetImport.find((entry) => isStandard(entry.domain))?.version ?? 0n);
}
