import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from './generated/onnx_pb.js';

/**
 * The bytes of an .onnx file.
 *
 * @example
 * const bytes = serializeModel(loadModel('model.onnx'));
 * parseModel(bytes).graph?.node.length; // 2
 */
export function serializeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}
