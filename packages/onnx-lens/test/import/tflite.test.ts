import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import {
  convertTflite,
  DataType,
  elementCount,
  serializeModel,
  Session,
  type ModelProto,
  type TfliteImportOptions,
} from '../../src/index.js';
import { SHARED } from '../shared-folder.js';
import { tfliteFile } from './tflite-file.js';

const require = createRequire(import.meta.url);
const DETECTION = join(require.resolve('@mediapipe/face_detection/package.json'), '..');
const MESH = join(require.resolve('@mediapipe/face_mesh/package.json'), '..');
const BUNDLE = join(SHARED, 'models/face_landmarker.task');

const shortRange = (): Uint8Array => readFileSync(join(DETECTION, 'face_detection_short_range.tflite'));
const packed = (): Uint8Array => readFileSync(join(MESH, 'face_mesh_solution_packed_assets.data'));
// Offsets as face_mesh_solution_packed_assets_loader.js gives them.
const attentionMesh = (): Uint8Array => packed().subarray(0, 2495952);
const plainMesh = (): Uint8Array => packed().subarray(2495952, 3737848);

/** What an independent runtime (LiteRT 2.3.0, CPU) gave for the input of {@link pattern}: the mean, and six values. */
interface Golden {
  readonly mean: number;
  readonly values: readonly number[];
}

function pattern(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => ((index * 7919 + 13) % 1009) / 1009);
}

async function outputsOf(model: ModelProto): Promise<Map<string, number[]>> {
  const session = await Session.open(serializeModel(model));
  try {
    const [input] = session.inputs;
    const dims = input!.shape.map(Number);
    const data = pattern(elementCount(dims));
    const results = await session.run(new Map([[input!.name, { dataType: DataType.FLOAT, dims, data }]]));
    return new Map([...results].map(([name, tensor]) => [name, Array.from(tensor.data as Float32Array)]));
  } finally {
    await session.close();
  }
}

const FOR_CPU = { prelu: 'convolutions', channelZeros: 'convolution' } as const;

async function expectGolden(
  bytes: Uint8Array,
  golden: Readonly<Record<string, Golden>>,
  options: TfliteImportOptions = {},
): Promise<void> {
  const outputs = await outputsOf(convertTflite(bytes, 'the net', options));
  expect([...outputs.keys()].sort()).toEqual(Object.keys(golden).sort());
  for (const [name, { mean, values }] of Object.entries(golden)) {
    const output = outputs.get(name)!;
    const step = Math.max(1, Math.floor(output.length / 6));
    const span = Math.max(1, ...values.map(Math.abs));
    expect(Math.abs(output.reduce((sum, value) => sum + value, 0) / output.length - mean)).toBeLessThan(1e-4 * span);
    values.forEach((value, place) => expect(Math.abs(output[place * step]! - value)).toBeLessThan(1e-4 * span));
  }
}

describe('an imported TFLite model computes what LiteRT computes', () => {
  it('for the short-range face detector', () =>
    expectGolden(shortRange(), {
      regressors: { mean: 5.04726, values: [0.2368, -11.1276, 2.2575, -2.5851, -21.2525, 5.6517] },
      classificators: { mean: -3.3096, values: [-5.1715, -1.5555, -3.3032, -3.8767, -1.3701, -2.9515] },
    }));

  it('for the full-range face detector', () =>
    expectGolden(readFileSync(join(DETECTION, 'face_detection_full_range.tflite')), {
      reshaped_regressor_face_4: { mean: 6.04383, values: [-3.4226, -1.5662, -1.4399, -0.3028, 0.1051, -0.9427] },
      reshaped_classifier_face_4: { mean: -6.88431, values: [-8.1749, -6.1083, -6.6369, -7.6267, -7.0393, -6.6281] },
    }));

  it('for the sparse full-range face detector', () =>
    expectGolden(readFileSync(join(DETECTION, 'face_detection_full_range_sparse.tflite')), {
      Identity: { mean: 1.529978, values: [-5.13867, -6.33953, -7.62321, -6.53289, -5.89363, -4.8042] },
      Identity_1: { mean: -6.051502, values: [-9.68169, -10.57696, -14.68154, -12.09495, -10.13279, -7.89932] },
    }));

  it.each([
    ['as it is', {}],
    ["for the CPU's blocked layout", FOR_CPU],
  ])('for the face mesh, written %s', (_, options) =>
    expectGolden(
      plainMesh(),
      {
        conv2d_21: { mean: 65.59572, values: [102.8931, 75.6041, 38.2144, 28.22, 108.8197, 135.4176] },
        conv2d_31: { mean: -8.27109, values: [-8.2711] },
      },
      options,
    ),
  );

  it.skipIf(!existsSync(BUNDLE))('for the nets of face_landmarker.task', async () => {
    const bundle = unzipSync(readFileSync(BUNDLE));
    await expectGolden(bundle['face_landmarks_detector.tflite']!, {
      Identity: { mean: 89.50909, values: [120.2275, -23.1717, 97.2148, 115.6339, 6.5119, 107.6584] },
      Identity_1: { mean: -18.53566, values: [-18.5357] },
      Identity_2: { mean: 0.91339, values: [0.9134] },
    });
    await expectGolden(bundle['face_blendshapes.tflite']!, {
      'StatefulPartitionedCall:0': { mean: 0.18444, values: [0.0017, 0.0004, 0.0098, 0.0001, 0.5894, 0.3165] },
    });
  });
});

describe('the graph of an imported TFLite model', () => {
  const count = (model: ModelProto, opType: string): number =>
    model.graph!.node.filter((node) => node.opType === opType).length;

  it('transposes at its input only, and nowhere when the input may have its channels second', () => {
    expect(count(convertTflite(plainMesh(), 'mesh'), 'Transpose')).toBe(1);
    expect(count(convertTflite(plainMesh(), 'mesh', { imageInputs: 'channels-second' }), 'Transpose')).toBe(0);
  });

  it('keeps half-float weights small on request, and computes the same', async () => {
    const [small, wide] = (['keep', 'widen'] as const).map((halfWeights) =>
      convertTflite(shortRange(), 'detector', { halfWeights }),
    );
    expect(serializeModel(small!).length).toBeLessThan(0.6 * serializeModel(wide!).length);
    expect(await outputsOf(small!)).toEqual(await outputsOf(wide!));
  });

  it('gives the attention mesh all seven outputs, custom operators included', async () => {
    const outputs = await outputsOf(convertTflite(attentionMesh(), 'attention mesh'));
    expect(Object.fromEntries([...outputs].map(([name, values]) => [name, values.length]))).toEqual({
      output_mesh_identity: 1404,
      output_lips: 160,
      output_left_eye: 142,
      output_right_eye: 142,
      output_left_iris: 10,
      output_right_iris: 10,
      conv_faceflag: 1,
    });
    expect([...outputs.values()].flat().every(Number.isFinite)).toBe(true);
  });
});

describe("a graph written for the CPU's blocked layout", () => {
  const opTypes = (model: ModelProto): Set<string> => new Set(model.graph!.node.map(({ opType }) => opType));

  it('has neither PRelu nor Pad, and computes the same to rounding', async () => {
    const [plain, forCpu] = [{}, FOR_CPU].map((options) => convertTflite(attentionMesh(), 'attention mesh', options));
    expect([...opTypes(plain!)]).toEqual(expect.arrayContaining(['PRelu', 'Pad']));
    expect([...opTypes(forCpu!)].filter((opType) => opType === 'PRelu' || opType === 'Pad')).toEqual([]);
    const outputs = await outputsOf(forCpu!);
    for (const [name, values] of await outputsOf(plain!)) {
      const differences = values.map((value, place) => Math.abs(value - outputs.get(name)![place]!));
      expect(Math.max(...differences)).toBeLessThan(1e-3);
    }
  });

  it("keeps the detector's Pads, which add fewer channels than there are", () => {
    expect(serializeModel(convertTflite(shortRange(), 'detector', FOR_CPU))).toEqual(
      serializeModel(convertTflite(shortRange(), 'detector')),
    );
  });
});

describe('a TFLite file that cannot be imported', () => {
  it('is refused with the operator and its place when one is not covered', () => {
    const tensors = [0, 0].map((buffer) => ({ shape: [1, 4], type: 0, buffer }));
    const svdf = tfliteFile(tensors, [{ code: 27, inputs: [0], outputs: [1] }], [], 1);
    expect(() => convertTflite(svdf, 'svdf.tflite')).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_OPERATOR',
        message: expect.stringMatching(/SVDF.*svdf\.tflite.*operator 0/) as string,
      }),
    );
  });

  it('is refused when it is no TFLite file', () => {
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('This is a letter to a friend.')]) {
      expect(() => convertTflite(bytes, 'letter')).toThrow(expect.objectContaining({ code: 'NOT_TFLITE' }));
    }
  });

  it('ends in a clear error wherever it was cut off', () => {
    const whole = shortRange();
    for (let length = 0; length < whole.length; length += 16411) {
      expect(() => convertTflite(whole.subarray(0, length), 'cut.tflite')).toThrow(
        expect.objectContaining({ name: 'OnnxLensError' }),
      );
    }
  });

  it('ends in a clear error, or a graph, whatever bytes are wrong', () => {
    const whole = shortRange();
    // Structure lies at both ends of the file, weights between.
    const places = Array.from({ length: 150 }, (_, index) =>
      index % 2 === 0 ? (index * 61) % 4096 : whole.length - 1 - ((index * 97) % 32768),
    );
    for (const place of places) {
      const damaged = Uint8Array.from(whole);
      damaged[place] = damaged[place]! ^ 0xff;
      try {
        convertTflite(damaged, 'damaged.tflite');
      } catch (error) {
        expect(error).toMatchObject({ name: 'OnnxLensError' });
      }
    }
  });

  it('is refused when its sizes are no whole numbers', () => {
    const TILE = 69;
    const tensors = [
      { shape: [2], type: 0, buffer: 0 },
      { shape: [1], type: 0, buffer: 1 },
      { shape: [3], type: 0, buffer: 0 },
    ];
    const multiples = new Uint8Array(Float32Array.of(1.5).buffer);
    const file = tfliteFile(tensors, [{ code: TILE, inputs: [0, 1], outputs: [2] }], [multiples], 2);
    expect(() => convertTflite(file, 'odd.tflite')).toThrow(
      expect.objectContaining({
        code: 'NOT_TFLITE',
        message: expect.stringMatching(/whole numbers for its multiples/) as string,
      }),
    );
  });

  it('is read though its shape arithmetic goes beyond all numbers', () => {
    const REDUCE_PROD = 81;
    const huge = { shape: [40], type: 4, buffer: 1 };
    const tensors = [
      { shape: [1], type: 0, buffer: 0 },
      huge,
      { shape: [1], type: 2, buffer: 2 },
      { shape: [], type: 4, buffer: 0 },
    ];
    const values = new Uint8Array(new BigInt64Array(40).fill(2n ** 62n).buffer);
    const file = tfliteFile(
      tensors,
      [{ code: REDUCE_PROD, inputs: [1, 2], outputs: [3] }],
      [values, new Uint8Array(4)],
      3,
    );
    expect(convertTflite(file, 'product.tflite').graph!.node.map(({ opType }) => opType)).toContain('ReduceProd');
  });

  it('is refused when it would grow without end: one weight, turned anew for each of a thousand operators', () => {
    const ADD = 0;
    const shape = [512, 512];
    const count = 1000;
    const tensors = [
      { shape, type: 0, buffer: 0 },
      { shape, type: 0, buffer: 1 },
      ...Array.from({ length: count }, () => ({ shape, type: 0, buffer: 0 })),
    ];
    const operators = Array.from({ length: count }, (_, place) => ({
      code: ADD,
      inputs: [place === 0 ? 0 : place + 1, 1],
      outputs: [place + 2],
    }));
    const file = tfliteFile(tensors, operators, [new Uint8Array(4 * 512 * 512)], count + 1);
    expect(() => convertTflite(file, 'bomb.tflite')).toThrow(
      expect.objectContaining({ code: 'NOT_TFLITE', message: expect.stringMatching(/many times as large/) as string }),
    );
    const fewer = tfliteFile(tensors.slice(0, 4), operators.slice(0, 2), [new Uint8Array(4 * 512 * 512)], 3);
    expect(convertTflite(fewer, 'few.tflite').graph!.node).toHaveLength(2);
  });
});
