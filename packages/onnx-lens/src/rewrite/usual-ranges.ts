import { loadModel } from '../model/load.js';
import { parseModel } from '../model/parse.js';
import type { GraphProto, ModelProto, NodeProto } from '../model/generated/onnx_pb.js';
import { readTensor, tensorNumbers } from '../model/tensors.js';
import { indexValues, constantNodeValue, type ValueIndex } from './value-index.js';
import type { InputRange } from './seeded-inputs.js';

/** Pictures whose pixels were divided by 255, and then centred, or divided by their deviation. */
const NORMALISED: readonly InputRange[] = [
  { min: 0, max: 1 },
  { min: -1, max: 1 },
  { min: -2.5, max: 2.5 },
];
/** Pictures whose pixels the model itself brings to that. */
const PIXELS: readonly InputRange[] = [{ min: 0, max: 255 }];
const CHANNELS: ReadonlySet<number> = new Set([1, 3, 4]);
/** A number to subtract or divide by from here on is one of pixels from 0 to 255. */
const OF_PIXELS = 30;
/** What stands between an input and the first node that computes with it. */
const PASSED_THROUGH: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'Transpose',
  'Pad',
  'Resize',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
]);
const FARTHEST = 8;

/**
 * The ranges that an input's values usually come from, as far as the graph tells: a float input of rank 4 with one,
 * three or four channels is a picture, of pixels from 0 to 255 where the graph normalises them, of normalised ones
 * elsewhere.
 *
 * @returns ranges by input name, to be used in turn; inputs of which nothing is known are not listed.
 */
export function usualRanges(source: string | Uint8Array | ModelProto): ReadonlyMap<string, readonly InputRange[]> {
  const model =
    typeof source === 'string'
      ? loadModel(source)
      : source instanceof Uint8Array
        ? parseModel(source, 'the model')
        : source;
  const ranges = new Map<string, readonly InputRange[]>();
  if (model.graph === undefined) return ranges;
  const index = indexValues(model.graph);
  for (const input of model.graph.input) {
    if (index.initializers.has(input.name) || !isPicture(model.graph, input.name)) continue;
    ranges.set(input.name, takesPixels(input.name, index) ? PIXELS : NORMALISED);
  }
  return ranges;
}

function isPicture(graph: GraphProto, name: string): boolean {
  const type = graph.input.find((input) => input.name === name)?.type;
  const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  if (dims.length !== 4) return false;
  return [1, 3].some((axis) => {
    const dim = dims[axis]?.value;
    return dim?.case === 'dimValue' && CHANNELS.has(Number(dim.value));
  });
}

/** True when what first computes with the value is an offset or a factor of the size of pixels. */
function takesPixels(input: string, index: ValueIndex): boolean {
  let value = input;
  for (let step = 0; step < FARTHEST; step++) {
    const node = index.consumers.get(value)?.[0];
    if (node === undefined) return false;
    if (!PASSED_THROUGH.has(node.opType)) return isPixelArithmetic(node, value, index);
    value = node.output[0] ?? '';
  }
  return false;
}

function isPixelArithmetic(node: NodeProto, value: string, index: ValueIndex): boolean {
  const other = node.input.find((name) => name !== value) ?? '';
  const numbers = constantNumbers(other, index).map(Math.abs);
  if (numbers.length === 0) return false;
  switch (node.opType) {
    case 'Sub':
    case 'Add':
    case 'Div':
      return numbers.some((each) => each >= OF_PIXELS);
    case 'Mul':
      return numbers.some((each) => each > 0 && each <= 1 / OF_PIXELS);
    default:
      return false;
  }
}

function constantNumbers(name: string, index: ValueIndex): number[] {
  const proto = index.initializers.get(name);
  if (proto !== undefined)
    return proto.dims.reduce((product, dim) => product * Number(dim), 1) <= 16 ? tensorNumbers(readTensor(proto)) : [];
  const node = index.producers.get(name);
  const tensor = node?.opType === 'Constant' ? constantNodeValue(node) : undefined;
  return tensor === undefined ? [] : tensorNumbers(tensor);
}
