import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { decode } from 'fast-png';
import { loadModel, parseCheckpoint, serializeModel, type CheckpointTensor } from 'onnx-lens';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { decodeRetinaFace } from 'facemirror-core/suites/openface3/retinaface.js';
import type { Architecture, BuildOptions } from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURES, identifyCheckpoint } from 'facemirror-core/suites/openface3/architectures/identify.js';
import {
  checkpointWeights,
  randomWeights,
  type TensorSpec,
} from 'facemirror-core/suites/openface3/architectures/weights.js';
import { SHARED } from '../shared-folder.js';

const hasShared = existsSync(join(SHARED, 'reference'));
const floats = (path: string): Float32Array =>
  new Float32Array(Uint8Array.from(readFileSync(join(SHARED, 'reference', path))).buffer);

/** What the original decodes of its raw outputs: corners of the box, x and y of the five points. */
interface DecodedFaces {
  readonly 'faces_score_gt_0.5_nms_0.4': readonly {
    readonly score: number;
    readonly box: readonly number[];
    readonly landmarks5: readonly (readonly number[])[];
  }[];
}

/** The shared folder's input pattern (reference/README.md). */
function pattern(dims: readonly number[]): Tensor {
  const values = new Float32Array(8191);
  let state = 12345n;
  for (let place = 0; place < values.length; place++) {
    state = (1103515245n * state + 12345n) % (1n << 31n);
    values[place] = (Number(state) / (2 ** 31 - 1)) * 2 - 1;
  }
  const count = dims.reduce((product, dim) => product * dim, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length: count }, (_, place) => values[place % 8191] ?? 0),
    [...dims],
  );
}

function fromCheckpoint(architecture: Architecture, bytes: Uint8Array, options: BuildOptions = {}): Uint8Array {
  const { tensors } = parseCheckpoint(bytes);
  return serializeModel(
    architecture.build(checkpointWeights(architecture.title, architecture.tensors(), tensors, 'test'), options),
  );
}

async function run(
  model: Uint8Array,
  feeds: Record<string, Tensor>,
): Promise<Record<string, { dims: readonly number[]; data: Float32Array }>> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  try {
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims, data: data as Float32Array }]),
    );
  } finally {
    await session.release();
  }
}

function expectClose(actual: Float32Array | undefined, expected: Float32Array, tolerance: number): void {
  expect(actual?.length).toBe(expected.length);
  expect(Math.max(...expected.map((value, place) => Math.abs(value - (actual?.[place] ?? NaN))))).toBeLessThanOrEqual(
    tolerance,
  );
}

describe.skipIf(!hasShared)('against the original PyTorch networks (needs the shared reference folder)', () => {
  it('RetinaFace with its real weights, its outputs and the face that they mean within a twentieth of a pixel', async () => {
    const image = decode(readFileSync(join(SHARED, 'media/astronaut.png')));
    const area = image.width * image.height;
    const mean = [104, 117, 123];
    const input = Float32Array.from({ length: 3 * area }, (_, place) => {
      const channel = Math.floor(place / area);
      return (image.data[(place % area) * image.channels + 2 - channel] ?? 0) - (mean[channel] ?? 0);
    });
    const checkpoint = new Uint8Array(readFileSync(join(SHARED, 'models/mobilenet0.25_Final.pth')));
    const model = fromCheckpoint(ARCHITECTURES.retinaface, checkpoint);
    const outputs = await run(model, { input: new Tensor('float32', input, [1, 3, image.height, image.width]) });
    for (const name of ['loc', 'conf', 'landms'])
      expectClose(outputs[name]?.data, floats(`retinaface/${name}.f32`), 1e-4);
    const raw = { loc: outputs['loc']!.data, conf: outputs['conf']!.data, landms: outputs['landms']!.data };
    const faces = decodeRetinaFace(raw, image.width, image.height, 0.5);
    const { 'faces_score_gt_0.5_nms_0.4': expected } = JSON.parse(
      readFileSync(join(SHARED, 'reference/retinaface/golden.json'), 'utf8'),
    ) as DecodedFaces;
    expect(faces).toHaveLength(expected.length);
    for (const [place, { score, box, landmarks5 }] of expected.entries()) {
      const face = faces[place]!;
      expect(Math.abs(face.score - score)).toBeLessThan(1e-4);
      const { x, y, width, height } = face.box;
      expectClose(Float32Array.of(x, y, x + width, y + height), Float32Array.from(box), 0.05);
      expectClose(
        Float32Array.from(face.keypoints.flatMap((point) => [point.x, point.y])),
        Float32Array.from(landmarks5.flat()),
        0.05,
      );
    }
    const fixed = fromCheckpoint(ARCHITECTURES.retinaface, checkpoint, { batch: 1, height: 100, width: 300 });
    const odd = await run(fixed, { input: pattern([1, 3, 100, 300]) });
    expect(odd['loc']?.dims).toEqual([1, 2 * (13 * 38 + 7 * 19 + 4 * 10), 4]);
  });

  it('STAR, its last landmarks and those of every stack', async () => {
    const checkpoint = brotliDecompressSync(readFileSync(join(SHARED, 'reference/star/star_pattern.pkl.br')));
    const feeds = { input_image: pattern([1, 3, 256, 256]) };
    const { landmarks } = await run(fromCheckpoint(ARCHITECTURES.star, checkpoint), feeds);
    expectClose(landmarks?.data, floats('star/landmarks.f32'), 1e-4);
    const all = await run(fromCheckpoint(ARCHITECTURES.star, checkpoint, { outputs: 'all', batch: 1 }), feeds);
    for (const stack of [1, 2, 3, 4]) {
      expectClose(all[`landmarks_stack${stack}`]?.data, floats(`star/landmarks_stack${stack}.f32`), 1e-4);
    }
  });

  it('MTL for a batch of two, its batch free or fixed', async () => {
    const checkpoint = brotliDecompressSync(readFileSync(join(SHARED, 'reference/mtl/mtl_pattern.pth.br')));
    const feeds = { input_face: pattern([2, 3, 224, 224]) };
    for (const options of [{}, { batch: 2 }]) {
      const outputs = await run(fromCheckpoint(ARCHITECTURES.mtl, checkpoint, options), feeds);
      for (const name of ['emotion', 'gaze', 'au']) expectClose(outputs[name]?.data, floats(`mtl/${name}.f32`), 1e-4);
    }
  });
});

describe('the graphs of random weights', () => {
  const most = { retinaface: 126, star: 630, mtl: 290 };
  const feeds = {
    retinaface: pattern([2, 3, 64, 96]),
    star: pattern([1, 3, 256, 256]),
    mtl: pattern([2, 3, 224, 224]),
  };
  const inputs = { retinaface: 'input', star: 'input_image', mtl: 'input_face' };

  it.each(Object.values(ARCHITECTURES))(
    'of $title are the same for the same seed, small after level 1, and give finite numbers',
    async (architecture) => {
      const { name } = architecture;
      const build = (seed: number): Uint8Array =>
        serializeModel(architecture.build(randomWeights(architecture.tensors(), seed)));
      const model = build(1);
      expect(Buffer.compare(build(1), model)).toBe(0);
      const optimized = join(tmpdir(), `facemirror-test-${process.pid}-${name}.onnx`);
      const session = await InferenceSession.create(model, {
        graphOptimizationLevel: 'basic',
        optimizedModelFilePath: optimized,
        logSeverityLevel: 3,
      });
      await session.release();
      const nodes = loadModel(optimized).graph?.node ?? [];
      rmSync(optimized);
      expect(nodes.length).toBeLessThanOrEqual(most[name]);
      expect(
        nodes.filter(({ opType }) => ['Shape', 'Gather', 'ConstantOfShape', 'Expand', 'Range'].includes(opType)),
      ).toEqual([]);
      for (const { data } of Object.values(await run(model, { [inputs[name]]: feeds[name] }))) {
        expect(data.every((value) => Number.isFinite(value))).toBe(true);
      }
    },
  );
});

describe('a checkpoint', () => {
  const tensors = (specs: readonly TensorSpec[]): Map<string, CheckpointTensor> =>
    new Map(
      specs.map(({ name, dims }) => [
        name,
        {
          name,
          dims,
          dataType: 1,
          read: () => ({ dataType: 1, dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) }),
        },
      ]),
    );

  it.each(Object.values(ARCHITECTURES))(
    'of $title is told by its tensors, whatever the file is called',
    (architecture) => {
      expect(identifyCheckpoint(tensors(architecture.tensors()))).toBe(architecture);
      expect(identifyCheckpoint(new Map())).toBeNull();
    },
  );

  it('with a missing, extra or wrongly shaped tensor, or one that is not finite, is refused by that name', () => {
    const specs = ARCHITECTURES.retinaface.tensors();
    const check = (change: (map: Map<string, CheckpointTensor>) => void) => () => {
      const map = tensors(specs);
      change(map);
      return checkpointWeights('RetinaFace', specs, map, 'file.pth').get('fpn.merge1.0.weight');
    };
    const name = 'fpn.merge1.0.weight';
    const tensor = tensors(specs).get(name)!;
    expect(check(() => undefined)().length).toBe(64 * 64 * 9);
    expect(check((map) => map.delete(name))).toThrow(/"fpn\.merge1\.0\.weight" \[64, 64, 3, 3\] is missing/);
    expect(check((map) => map.set('spare', { ...tensor, name: 'spare' }))).toThrow(/"spare" .* is not part of it/);
    expect(check((map) => map.set(name, { ...tensor, dims: [64, 64, 1, 1] }))).toThrow(
      /\[64, 64, 1, 1\] instead of \[64, 64, 3, 3\]/,
    );
    const notFinite = {
      ...tensor,
      read: () => ({ dataType: 1, dims: tensor.dims, data: new Float32Array(64 * 64 * 9).fill(NaN) }),
    };
    expect(check((map) => map.set(name, notFinite))).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }));
    expect(check((map) => map.delete('body.stage1.0.1.num_batches_tracked'))).not.toThrow();
  });
});
