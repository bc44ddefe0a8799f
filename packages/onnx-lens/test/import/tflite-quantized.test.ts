import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  convertTflite,
  DataType,
  elementCount,
  serializeModel,
  Session,
  type ModelProto,
  type TensorData,
} from '../../src/index.js';
import { densePlaces } from '../../src/import/tflite/sparse.js';
import { SHARED } from '../shared-folder.js';

type ValueInfo = NonNullable<ModelProto['graph']>['input'][number];

const FOLDER = join(import.meta.dirname, 'tflite-quantized');
const file = (name: string): Uint8Array => readFileSync(join(FOLDER, `${name}.tflite`));
const expected = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Readonly<
  Record<string, number[][]>
>;

/** The input that README.md there describes. */
function pattern(length: number, dataType: DataType): TensorData {
  const values = Array.from({ length }, (_, index) => (index * 7919 + 13) % 1009);
  if (dataType === DataType.UINT8) return Uint8Array.from(values, (value) => value % 251);
  if (dataType === DataType.INT8) return Int8Array.from(values, (value) => (value % 251) - 125);
  if (dataType === DataType.INT16) return Int16Array.from(values, (value) => value * 32 - 16000);
  return Float32Array.from(values, (value) => value / 1009);
}

async function outputsOf(model: ModelProto): Promise<number[][]> {
  const session = await Session.open(serializeModel(model));
  try {
    const [input] = session.inputs;
    const dims = input!.shape.map(Number);
    const dataType = model.graph!.input[0]!.type!.value.value as { elemType: DataType };
    const data = pattern(elementCount(dims), dataType.elemType);
    const results = await session.run(new Map([[input!.name, { dataType: dataType.elemType, dims, data }]]));
    return model.graph!.output.map(({ name }) => Array.from(results.get(name)!.data as ArrayLike<number>));
  } finally {
    await session.close();
  }
}

it.each([
  ['uint8-legacy', 1],
  ['int8-per-channel', 1],
  // LiteRT's int16 softmax looks its exponentials up in a table.
  ['int16-activations', 8],
  ['int4-weights', 1e-6],
  ['dynamic-range', 1e-6],
  ['unpooling', 1e-6],
  ['transpose-bias', 1e-5],
])('%s computes what the independent program computes, up to %f', async (name, tolerance) => {
  const outputs = await outputsOf(convertTflite(file(name), name));
  const wanted = expected[name]!;
  expect(outputs.map((output) => output.length)).toEqual(wanted.map((output) => output.length));
  outputs.forEach((output, which) =>
    output.forEach((value, place) => expect(Math.abs(value - wanted[which]![place]!)).toBeLessThanOrEqual(tolerance)),
  );
});

it('keeps integers as integers: inputs, outputs and weights, with QuantizeLinear between operators', () => {
  const { graph } = convertTflite(file('int8-per-channel'), 'the net');
  const types = (list: readonly ValueInfo[]): unknown[] =>
    list.map(({ type }) => (type!.value.value as { elemType: number }).elemType);
  expect(types(graph!.input)).toEqual([DataType.INT8]);
  expect(types(graph!.output)).toEqual([DataType.INT8, DataType.INT8, DataType.INT8]);
  const weights = graph!.initializer.filter((tensor) => tensor.dims.length === 4);
  expect(weights.map((tensor) => tensor.dataType)).toEqual([DataType.INT8]);
  expect(graph!.node.filter(({ opType }) => opType === 'QuantizeLinear')).toHaveLength(5);
});

it('says in what a quantized import differs from the original', () => {
  const notes = (name: string): string[] => {
    const told: string[] = [];
    convertTflite(file(name), name, { onNote: (note) => told.push(note) });
    return told;
  };
  expect(notes('int8-per-channel')).toEqual([expect.stringMatching(/^5 operators work on quantized values/)]);
  expect(notes('dynamic-range')[0]).toMatch(/dynamic-range/);
  expect(notes('int4-weights')).toEqual([expect.stringMatching(/^1 weights? .*float32/)]);
  expect(notes('unpooling')).toEqual([]);
});

const WEIGHT_ONLY = join(SHARED, 'field/lens/tflite_quantized/nmp.weight_only_wi8_afp32.tflite');
it.skipIf(!existsSync(WEIGHT_ONLY))('imports weight-only int8 of a real model, as LiteRT computes it', async () => {
  const outputs = await outputsOf(convertTflite(readFileSync(WEIGHT_ONLY), 'nmp'));
  const golden = [0.116556, 0.1082534, 0.1041068];
  outputs.forEach((output, which) => {
    const mean = output.reduce((sum, value) => sum + value, 0) / output.length;
    expect(Math.abs(mean - golden[which]!)).toBeLessThan(1e-5);
  });
});

it('finds where values of a block-sparse tensor belong', () => {
  // 4 x 4 in blocks of 2 x 2: the upper left block and the lower right one hold 1 to 4 and 5 to 8.
  const blocks = {
    traversalOrder: [0, 1, 2, 3],
    blockMap: [0, 1],
    levels: [
      { kind: 'dense', size: 2 },
      { kind: 'sparse', segments: [0, 1, 2], indices: [0, 1] },
      { kind: 'dense', size: 2 },
      { kind: 'dense', size: 2 },
    ],
  } as const;
  expect(densePlaces([4, 4], blocks)).toEqual([0, 1, 4, 5, 10, 11, 14, 15]);
});

it.each([
  [
    [4, 4],
    [0, 0, 2, 3],
    [0, 1],
  ],
  [
    [4, 4],
    [0, 1, 2, 3],
    [0, 9],
  ],
  [
    [1e9, 1e9],
    [0, 1, 2, 3],
    [0, 1],
  ],
])('refuses a sparse description that contradicts itself: %j %j %j', (shape, traversalOrder, blockMap) => {
  const sparse = { kind: 'sparse', segments: [0, 5], indices: [0, 1, 2, 3, 9] } as const;
  const dense = { kind: 'dense', size: 2 } as const;
  expect(densePlaces(shape, { traversalOrder, blockMap, levels: [dense, sparse, dense, dense] })).toBeNull();
});
