import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxLensError } from '../errors.js';
import { TensorProto_DataType as DataType, type ModelProto, type ValueInfoProto } from '../model/generated/onnx_pb.js';
import { Graph } from '../model/graph.js';
import { elementCount, floatTensor, type Tensor } from '../model/tensors.js';
import { valueType } from '../shapes/infer.js';

/** One set of inputs, by name. */
export type Feeds = ReadonlyMap<string, Tensor>;

/**
 * Reads calibration inputs: raw little-endian float32 files (`.f32`) in a folder, each one input.
 *
 * A model with one input takes every file; with more, a file's name starts with the input's name (`image.001.f32`,
 * `mask.001.f32`), and files are paired in the order of their names. Free dimensions count as 1.
 * @throws OnnxLensError FILE_UNREADABLE, USAGE for files that fit no input.
 */
export function readCalibration(folder: string, model: ModelProto): Feeds[] {
  if (model.graph === undefined) return [];
  const { inputs } = new Graph(model.graph);
  const files = listFiles(folder);
  const lists = inputs.map((input) => {
    const own = inputs.length === 1 ? files : files.filter((file) => file.startsWith(`${input.name}.`));
    return own.map((file) => readInput(join(folder, file), input));
  });
  const count = Math.min(...lists.map((list) => list.length));
  if (!Number.isFinite(count) || count === 0) {
    const without = inputs.find((_, place) => lists[place]?.length === 0)?.name ?? '?';
    throw new OnnxLensError('USAGE', `The folder ${folder} has no .f32 file for input "${without}".`);
  }
  return Array.from({ length: count }, (_, item) => new Map(inputs.map((input, place) => [input.name, lists[place]?.[item] as Tensor]))); // item < each list's length
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.f32')).sort();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OnnxLensError('FILE_UNREADABLE', `Cannot read the calibration folder ${folder}: ${why}.`, { cause });
  }
}

function readInput(path: string, input: ValueInfoProto): Tensor {
  const { dataType, shape } = valueType(input.type);
  if (dataType !== DataType.FLOAT) throw new OnnxLensError('USAGE', `Input "${input.name}" is not float32; calibration files hold float32 alone.`);
  const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  const bytes = new Uint8Array(readFileSync(path));
  if (bytes.length !== 4 * elementCount(dims)) {
    throw new OnnxLensError('USAGE', `${path} has ${bytes.length} bytes, but input "${input.name}" of shape [${dims.join(', ')}] takes ${4 * elementCount(dims)}.`);
  }
  return floatTensor(dims, new Float32Array(bytes.buffer));
}
