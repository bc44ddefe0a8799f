import { readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { OnnxLensError } from '../errors.js';
import { unreadable } from '../files.js';
import { TensorProto_DataType as DataType, type ModelProto, type ValueInfoProto } from '../model/generated/onnx_pb.js';
import { Graph } from '../model/graph.js';
import { elementCount, floatTensor, type Tensor } from '../model/tensors.js';
import { valueType } from '../shapes/value-type.js';
import { PICTURE_ENDINGS, pictureTensor, readPicture, type ImagePreprocessing } from './images.js';

/** One set of inputs, by name. */
export type Feeds = ReadonlyMap<string, Tensor>;

/** Most calibration inputs that are read: ranges change little after some dozens, and each is held in memory. */
const MOST_INPUTS = 256;

/**
 * Reads calibration inputs from the files of a folder: pictures (`.png`, `.jpg`, `.jpeg`), stretched to the input's
 * size and prepared as told, or raw little-endian float32 (`.f32`) of exactly the input's size. At most 256 are read,
 * evenly chosen.
 *
 * A model with one input takes every file; with more, a file's name starts with the input's name (`image.001.png`,
 * `mask.001.f32`), and files are paired in the order of their names. Free dimensions count as 1, for pictures as the
 * picture's own.
 * @throws OnnxLensError FILE_UNREADABLE, USAGE for files that fit no input.
 *
 * @example
 * const feeds = readCalibration('photos', loadModel('model.onnx'), { mean: [127.5], std: [127.5] });
 * feeds[0]?.get('image')?.dims; // [1, 3, 8, 8]
 */
export function readCalibration(folder: string, model: ModelProto, preprocessing: ImagePreprocessing = {}): Feeds[] {
  if (model.graph === undefined) return [];
  const { inputs } = new Graph(model.graph);
  const files = listFiles(folder);
  const lists = inputs.map((input) =>
    inputs.length === 1 ? files : files.filter((file) => file.startsWith(`${input.name}.`)),
  );
  const count = Math.min(...lists.map((list) => list.length));
  if (!Number.isFinite(count) || count === 0) {
    const without = inputs.find((_, place) => lists[place]?.length === 0)?.name ?? '?';
    throw new OnnxLensError(
      'USAGE',
      `The folder ${folder} has no ${[...PICTURE_ENDINGS, '.f32'].join(', ')} file for input "${without}".`,
    );
  }
  const chosen = Array.from({ length: Math.min(count, MOST_INPUTS) }, (_, item) =>
    Math.floor((item * count) / Math.min(count, MOST_INPUTS)),
  );
  return chosen.map(
    (item) =>
      new Map(
        inputs.map((input, place) => [
          input.name,
          readInput(join(folder, lists[place]?.[item] ?? ''), input, preprocessing),
        ]),
      ),
  );
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => ['.f32', ...PICTURE_ENDINGS].includes(extname(file).toLowerCase()))
      .sort();
  } catch (cause) {
    throw unreadable(`the calibration folder ${folder}`, cause);
  }
}

function readInput(path: string, input: ValueInfoProto, preprocessing: ImagePreprocessing): Tensor {
  const { dataType, shape } = valueType(input.type);
  if (dataType !== DataType.FLOAT)
    throw new OnnxLensError('USAGE', `Input "${input.name}" is not float32; calibration files hold float32 alone.`);
  if (extname(path).toLowerCase() !== '.f32')
    return pictureTensor(readPicture(path), shape ?? [], preprocessing, input.name);
  const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  const size = statSync(path).size;
  if (size !== 4 * elementCount(dims)) {
    throw new OnnxLensError(
      'USAGE',
      `${path} has ${size} bytes, but input "${input.name}" of shape [${dims.join(', ')}] takes ${4 * elementCount(dims)}.`,
    );
  }
  return floatTensor(dims, new Float32Array(new Uint8Array(readFileSync(path)).buffer));
}
