import { writeFileWhole } from '../files.js';
import type { ModelProto } from './generated/onnx_pb.js';
import { serializeModel } from './serialize.js';

/**
 * Writes a model under a temporary name and renames it when complete, so that no half-written file ever has that name.
 * @throws OnnxLensError FILE_UNWRITABLE.
 *
 * @example
 * saveModel(fixDimensions(loadModel('model.onnx'), { batch: 1 }), 'fixed.onnx');
 */
export function saveModel(model: ModelProto, path: string): void {
  writeFileWhole(path, serializeModel(model));
}
