import { toBinary } from '@bufbuild/protobuf';
import { writeFileWhole } from '../files.js';
import { ModelProtoSchema, type ModelProto } from './generated/onnx_pb.js';

/** The bytes of an .onnx file. */
export function serializeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}

/**
 * Writes a model under a temporary name and renames it when complete, so that no half-written file ever bears the name.
 * @throws OnnxLensError FILE_UNWRITABLE.
 */
export function saveModel(model: ModelProto, path: string): void {
  writeFileWhole(path, serializeModel(model));
}
