import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { midlineOf, type Midline } from 'facemirror-core/face/midline.js';
import type { FaceObservation } from 'facemirror-core/face/observation.js';
import {
  ATTENTION_MESH,
  BLENDSHAPES_MODEL,
  BUNDLE_MESH,
  MediaPipeLandmarker,
  MESH_MODEL,
  type MeshSpec,
} from 'facemirror-core/suites/mediapipe/landmarker.js';
import { MediaPipeDetector, SHORT_RANGE_MODEL } from 'facemirror-core/suites/mediapipe/detector.js';
import { chooseFace } from 'facemirror-core/face/search.js';
import { Tracker } from 'facemirror-core/face/tracker.js';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { InferencePool } from '../../src/inference/pool.js';
import type { ModelSource, NetworkInput, RunRequest } from 'facemirror-core/inference/request.js';
import { findBundle, readPackedAssets } from '../../src/suites/mediapipe/files.js';
import { openMediaPipe } from '../../src/suites/mediapipe/suite.js';
import type { Suite } from 'facemirror-core/suites/suite.js';
import { VideoReader } from '../../src/video/reader.js';
import { convertTflite, serializeModel } from 'onnx-lens';
import { readPicture, upsideDown, type TestPicture } from '../pictures.js';
import { SHARED } from '../shared-folder.js';

const REFERENCE = join(SHARED, 'reference/mediapipe');
const hasShared = existsSync(REFERENCE) && existsSync(join(SHARED, 'models/face_landmarker.task'));
const PORTRAIT = new URL('../../assets/astronaut.png', import.meta.url);

/**
 * What Google's FaceLandmarker (tasks-vision 1.1.0) finds in the portrait: landmark, x, y in pixels, pixel centres at
 * integers.
 */
const PORTRAIT_LANDMARKS: readonly (readonly [number, number, number])[] = [
  [1, 223.03, 130.56],
  [10, 225.53, 71.74],
  [13, 222.79, 142.66],
  [14, 222.49, 148.7],
  [33, 194.78, 100.08],
  [61, 201.78, 138.67],
  [133, 213.09, 103.12],
  [152, 220.93, 176.92],
  [159, 202.07, 97.32],
  [145, 203.7, 103.68],
  [263, 254.82, 103.29],
  [291, 243.99, 140.05],
  [362, 235.91, 104.42],
  [386, 247.58, 99.7],
  [374, 245.39, 106.01],
  [468, 202.97, 100.62],
  [473, 245.53, 103.02],
  [70, 187.4, 90.23],
  [300, 263.22, 94.35],
];

/**
 * The same by MediaPipe 0.10.14's own Face Mesh with refined landmarks (Python, CPU), the npm package's nets; and z.
 */
const PORTRAIT_MESH: readonly (readonly [number, number, number, number])[] = [
  [1, 222.95, 129.52, -22.88],
  [10, 225.76, 71.19, -10.59],
  [13, 222.98, 142.74, -5.73],
  [14, 222.46, 149.58, -3.41],
  [33, 194.71, 100.42, 4.53],
  [61, 201.31, 138.72, 7.53],
  [133, 212.85, 103.21, 1.07],
  [152, 220.77, 176.94, 7.54],
  [159, 202.33, 97.1, -1.17],
  [145, 202.93, 103.82, 0.04],
  [263, 255.26, 103.78, 3.99],
  [291, 244.49, 140.49, 7.07],
  [362, 236.53, 104.44, 0.83],
  [386, 247.81, 99.24, -1.56],
  [374, 246.11, 106.15, -0.36],
  [468, 202.98, 100.6, 0.91],
  [473, 246.09, 102.97, 0.52],
  [70, 187.59, 90.59, 3.91],
  [300, 262.28, 95.46, 3.24],
];

interface Reference {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly faces: readonly {
    readonly landmarks: readonly (readonly [number, number, number])[];
    readonly blendshapes: Readonly<Record<string, number>>;
  }[];
}

let cache: string;
const earlier = process.env['FACEMIRROR_CACHE'];
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'facemirror-cache-'));
  process.env['FACEMIRROR_CACHE'] = cache;
});
afterAll(() => {
  if (earlier === undefined) delete process.env['FACEMIRROR_CACHE'];
  else process.env['FACEMIRROR_CACHE'] = earlier;
  rmSync(cache, { recursive: true, force: true });
});

async function withSuite<T>(
  options: Parameters<typeof openMediaPipe>[0],
  use: (suite: Suite) => Promise<T>,
): Promise<T> {
  const suite = await openMediaPipe({ provider: 'cpu', ...options });
  try {
    return await use(suite);
  } finally {
    await suite.close();
  }
}

async function withPool(models: readonly ModelSource[], use: (pool: InferencePool) => Promise<void>): Promise<void> {
  const pool = await InferencePool.open(models);
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

function toSource(name: string, tflite: Uint8Array): ModelSource {
  return { name, model: serializeModel(convertTflite(tflite, name, { imageInputs: 'channels-second' })) };
}

/** The suite's adapters, fed from the picture's RGB as Google's CPU path samples it. */
function fromRgb(
  pool: InferencePool,
  picture: TestPicture,
  spec: MeshSpec,
  hasBlendshapes: boolean,
): Pick<Suite, 'detector' | 'landmarker'> {
  const runner = { run: (request: RunRequest) => pool.run(sampledFromRgb(request, picture)) };
  return {
    detector: new MediaPipeDetector(runner, { hasFullRange: false, sampling: 'corner' }),
    landmarker: new MediaPipeLandmarker(runner, { spec, hasBlendshapes, sampling: 'corner' }),
  };
}

async function observe(
  suite: Pick<Suite, 'detector' | 'landmarker'>,
  picture: TestPicture,
): Promise<FaceObservation | null> {
  const [face] = await suite.detector.detect(picture.frame, 'quick');
  return face === undefined ? null : suite.landmarker.observe(picture.frame, suite.landmarker.regionOf(face));
}

async function midlineIn(suite: Suite, frame: Frame): Promise<Midline> {
  const face = await new Tracker(suite).next(frame);
  return midlineOf(face!.landmarks)!;
}

/** Turns a frame into its mirror image. */
function mirror(frame: Frame): void {
  const { y, u, v } = framePlanes(frame);
  const { width, height, yStride, chromaWidth, chromaHeight, uvStride } = frame.layout;
  for (let row = 0; row < height; row++) y.subarray(row * yStride, row * yStride + width).reverse();
  for (const plane of [u, v])
    for (let row = 0; row < chromaHeight; row++) plane.subarray(row * uvStride, row * uvStride + chromaWidth).reverse();
}

/** Mean distance of the landmarks from the reference's, in percent of the outer-eye distance. */
function landmarkError(face: FaceObservation, { width, height, faces }: Reference): number {
  const wanted = faces[0]!.landmarks.map(([x, y]) => [x * width - 0.5, y * height - 0.5] as const);
  const eyes = Math.hypot(wanted[33]![0] - wanted[263]![0], wanted[33]![1] - wanted[263]![1]);
  const { points } = face.landmarks;
  const errors = wanted.map(([x, y], place) => Math.hypot(points[3 * place]! - x, points[3 * place + 1]! - y));
  return (100 * errors.reduce((sum, error) => sum + error, 0)) / errors.length / eyes;
}

function references(): Promise<{ name: string; reference: Reference; picture: TestPicture }[]> {
  const found = readdirSync(REFERENCE)
    .filter((file) => file.endsWith('.json') && !file.endsWith('.detector.json'))
    .map((file) => ({ name: file, reference: JSON.parse(readFileSync(join(REFERENCE, file), 'utf8')) as Reference }))
    .filter(({ reference }) => reference.faces.length > 0)
    .map(async ({ name, reference }) => ({
      name,
      reference,
      picture: await readPicture(join(REFERENCE, name.replace('.json', '.png'))),
    }));
  return Promise.all(found);
}

describe('the suite mediapipe with the nets of the npm package', () => {
  it("finds the portrait's landmarks within 3 % of the outer-eye distance of Google's own, and says what it lacks", () =>
    withSuite({}, async (suite) => {
      const face = await observe(suite, await readPicture(PORTRAIT));
      const [right, left] = [33, 263].map((eye) => PORTRAIT_LANDMARKS.find(([at]) => at === eye)!);
      const eyes = Math.hypot(right![1] - left![1], right![2] - left![2]);
      const errors = PORTRAIT_LANDMARKS.map(([at, x, y]) =>
        Math.hypot(face!.landmarks.points[3 * at]! - x, face!.landmarks.points[3 * at + 1]! - y),
      );
      expect((100 * errors.reduce((sum, error) => sum + error, 0)) / errors.length / eyes).toBeLessThan(3);
      expect(face).toMatchObject({ blendshapes: null, landmarks: { topology: 'mediapipe-478' } });
      expect(suite.notes.join()).toMatch(/face_landmarker\.task was not found/);
    }));

  it('gives a face and its mirror image mirrored midlines, within 0.5 % of the outer-eye distance', () =>
    withSuite({}, async (suite) => {
      const { frame } = await readPicture(PORTRAIT);
      const { width } = frame.layout;
      const line = await midlineIn(suite, frame);
      mirror(frame);
      const mirrored = await midlineIn(suite, frame);
      for (const end of ['glabella', 'chin'] as const)
        expect(Math.abs(line[end].x - (width - 1 - mirrored[end].x))).toBeLessThan(0.3);
    }));

  it("computes what MediaPipe's own runtime computes with the attention mesh, custom operators and all, from the same RGB", async () => {
    const picture = await readPicture(PORTRAIT);
    const assets = await readPackedAssets();
    const nets = [
      [SHORT_RANGE_MODEL, 'face_detection_short_range.tflite'],
      [MESH_MODEL, 'face_landmark_with_attention.tflite'],
    ] as const;
    await withPool(
      nets.map(([name, file]) => toSource(name, assets.get(file)!.bytes)),
      async (pool) => {
        const face = await observe(fromRgb(pool, picture, ATTENTION_MESH, false), picture);
        const { points } = face!.landmarks;
        const errors = PORTRAIT_MESH.map(([at, ...place]) =>
          Math.hypot(...place.map((value, axis) => points[3 * at + axis]! - value)),
        );
        // 0.1 px is 0.17 % of the outer-eye distance.
        expect(Math.max(...errors)).toBeLessThan(0.1);
      },
    );
  });

  it('makes a damaged model in the cache again, and says so', async () => {
    await withSuite({}, () => Promise.resolve());
    const file = join(
      cache,
      readdirSync(cache).find((name) => name.startsWith('face-mesh') && name.endsWith('.onnx'))!,
    );
    const intact = readFileSync(file);
    const damaged = Uint8Array.from(intact);
    damaged[1000] = damaged[1000]! ^ 1;
    writeFileSync(file, damaged);
    await withSuite({}, (suite) =>
      Promise.resolve(expect(suite.notes.join()).toMatch(/was damaged and has been made again/)),
    );
    expect(readFileSync(file).equals(intact)).toBe(true);
    await withSuite({}, (suite) => Promise.resolve(expect(suite.notes.join()).not.toMatch(/damaged/)));
  });

  it('refuses a bundle that is none with MODEL_CORRUPT', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facemirror-models-'));
    try {
      for (const content of ['', 'not a zip', 'PK\u0003\u0004 cut off']) {
        writeFileSync(join(folder, 'face_landmarker.task'), content);
        await expect(openMediaPipe({ provider: 'cpu', modelsFolder: folder })).rejects.toMatchObject({
          code: 'MODEL_CORRUPT',
        });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.skipIf(!hasShared)(
    "stays within 3 % of Google's bundle on every reference picture (needs ../shared)",
    () =>
      withSuite({}, async (suite) => {
        for (const { name, reference, picture } of await references()) {
          const face = await observe(suite, picture);
          expect({ name, isClose: landmarkError(face!, reference) <= 3 }).toEqual({ name, isClose: true });
        }
      }),
    120_000,
  );

  it.skipIf(!hasShared)(
    'follows the face of single_face.mp4 and finds none in no_face.mp4 (needs ../shared)',
    () =>
      withSuite({}, async (suite) => {
        const follow = async (file: string): Promise<Tracker> => {
          const reader = await VideoReader.open(join(SHARED, 'media', file));
          const pool = new FramePool({ ...reader.info, capacity: 1 });
          const tracker = new Tracker(suite);
          try {
            const frame = await pool.acquire();
            while ((await reader.next(frame)) !== null) await tracker.next(frame);
            return tracker;
          } finally {
            await reader.close();
            pool.close();
          }
        };
        const single = (await follow('single_face.mp4')).counts;
        expect(single.framesWithFace / single.frames).toBeGreaterThanOrEqual(0.98);
        expect((await follow('no_face.mp4')).counts.framesWithFace).toBe(0);
      }),
    120_000,
  );
});

describe.skipIf(!hasShared)('the suite mediapipe with face_landmarker.task (needs ../shared)', () => {
  const bundle = { modelsFolder: join(SHARED, 'models') };

  it(
    "stays within 2 % of Google's landmarks with correct pixel centres",
    () =>
      withSuite(bundle, async (suite) => {
        for (const { name, reference, picture } of await references()) {
          const face = await observe(suite, picture);
          expect({
            name,
            isClose: landmarkError(face!, reference) <= 2,
            blendshapes: face!.blendshapes?.length,
          }).toEqual({
            name,
            isClose: true,
            blendshapes: 52,
          });
        }
      }),
    120_000,
  );

  it("gives Google's landmarks within 0.2 % and blendshapes within 0.03 from the same RGB, sampled its way", async () => {
    const found = (await findBundle(bundle.modelsFolder))!;
    const nets = [
      [SHORT_RANGE_MODEL, 'face_detector.tflite'],
      [MESH_MODEL, 'face_landmarks_detector.tflite'],
      [BLENDSHAPES_MODEL, 'face_blendshapes.tflite'],
    ] as const;
    const sources = nets.map(([name, file]) => toSource(name, found.nets.get(file)!.bytes));
    await withPool(sources, async (pool) => {
      for (const { name, reference, picture } of await references()) {
        const face = await observe(fromRgb(pool, picture, BUNDLE_MESH, true), picture);
        const blendshapes = Object.values(reference.faces[0]!.blendshapes);
        const worst = Math.max(...blendshapes.map((value, place) => Math.abs(value - face!.blendshapes![place]!)));
        expect({ name, landmarks: landmarkError(face!, reference) <= 0.2, blendshapes: worst <= 0.03 }).toEqual({
          name,
          landmarks: true,
          blendshapes: true,
        });
      }
    });
  }, 120_000);

  it('finds the small face that the quick search misses', () =>
    withSuite(bundle, async (suite) => {
      const picture = await readPicture(join(REFERENCE, 'astronaut-portrait1080x1920.png'));
      expect(await suite.detector.detect(picture.frame, 'quick')).toEqual([]);
      const face = await new Tracker(suite).next(picture.frame);
      expect(face!.confidence).toBeGreaterThan(0.9);
      // The head's place in that picture, by eye.
      expect(
        Math.hypot(face!.box.x + face!.box.width / 2 - 483, face!.box.y + face!.box.height / 2 - 722),
      ).toBeLessThan(60);
    }));
});

/** Replaces crops by samples of the RGB picture: 4:2:0 has lost part of the colour that Google's runtime saw. */
function sampledFromRgb(request: RunRequest, { rgb, width, height }: TestPicture): RunRequest {
  const sample = (input: NetworkInput): NetworkInput => {
    if (input.kind === 'values') return input;
    const { crop } = input.crops[0]!;
    const count = crop.width * crop.height;
    const data = new Float32Array(3 * count);
    for (let place = 0; place < count; place++) {
      const [column, row] = [place % crop.width, Math.floor(place / crop.width)];
      const x = crop.toSource.xx * column + crop.toSource.xy * row + crop.toSource.x0;
      const y = crop.toSource.yx * column + crop.toSource.yy * row + crop.toSource.y0;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      for (let channel = 0; channel < 3; channel++) {
        const at = (px: number, py: number): number => {
          if (crop.border === 'black' && (px < 0 || py < 0 || px >= width || py >= height)) return 0;
          return rgb[
            3 * (Math.max(0, Math.min(height - 1, py)) * width + Math.max(0, Math.min(width - 1, px))) + channel
          ]!;
        };
        const upper = at(left, top) * (left + 1 - x) + at(left + 1, top) * (x - left);
        const lower = at(left, top + 1) * (left + 1 - x) + at(left + 1, top + 1) * (x - left);
        data[channel * count + place] =
          (upper * (top + 1 - y) + lower * (y - top)) * crop.scale[channel]! + crop.offset[channel]!;
      }
    }
    return { kind: 'values', dims: [1, 3, crop.height, crop.width], data };
  };
  return {
    ...request,
    inputs: Object.fromEntries(Object.entries(request.inputs).map(([name, input]) => [name, sample(input)])),
  };
}

describe('a face upside down', () => {
  it('is seen as it is, its landmarks where they are in the upright picture', async () => {
    const suite = await openMediaPipe();
    try {
      const picture = await readPicture(PORTRAIT);
      const turned = await new Tracker(suite).next((await upsideDown(picture)).frame);
      const upright = await new Tracker(suite).next(picture.frame);
      for (const [landmark] of PORTRAIT_LANDMARKS) {
        const at = (face: FaceObservation | null, axis: number): number => face!.landmarks.points[3 * landmark + axis]!;
        expect(picture.width - 1 - at(turned, 0)).toBeCloseTo(at(upright, 0), -0.5);
        expect(picture.height - 1 - at(turned, 1)).toBeCloseTo(at(upright, 1), -0.5);
      }
    } finally {
      await suite.close();
    }
  }, 60_000);
});

describe('the choice among faces', () => {
  const faces = [300, 100, 500].map((x, place) => ({ box: { x, y: 0, width: 50 + place, height: 50 } }));

  it("counts from the picture's left and takes the largest by area", () => {
    expect([1, 2, 3, 4].map((choice) => chooseFace(faces, choice)?.box.x)).toEqual([100, 300, 500, undefined]);
    expect([
      chooseFace(faces, 'left')!.box.x,
      chooseFace(faces, 'right')!.box.x,
      chooseFace(faces, 'largest')!.box.x,
    ]).toEqual([100, 500, 500]);
  });
});
