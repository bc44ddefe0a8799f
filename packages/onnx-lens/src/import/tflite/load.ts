import { readFileWhole } from '../../files.js';
import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { convertTflite, type TfliteImportOptions } from './convert.js';

/**
 * Reads a .tflite file as an ONNX model (opset 17; 21 when activations are 16-bit integers): inputs and outputs keep
 * their names, types and shapes (but see {@link TfliteImportOptions.imageInputs}); shapes are fixed as the file gives
 * them.
 *
 * Float models compute the same. Int8 models become QuantizeLinear and DequantizeLinear around float operators, equal
 * to the original up to one step of the scale where the two round otherwise. Integer weights of float operators become
 * float32.
 * @throws OnnxLensError FILE_UNREADABLE; NOT_TFLITE for a damaged file; UNSUPPORTED_OPERATOR, naming it and its place.
 *
 * @example
 * saveModel(importTflite('face.tflite'), 'face.onnx');
 */
export function importTflite(path: string, options: TfliteImportOptions = {}): ModelProto {
  return convertTflite(readFileWhole(path, 'the model'), path, options);
}
