import type { Crop } from '../../frames/crop.js';
import type { Frame } from '../../frames/frame.js';
import type { NetworkRunner } from '../../inference/network-runner.js';
import type { RunResult } from '../../inference/request.js';
import type { FaceRegion, Following, Landmarker } from '../../face/adapters.js';
import type {
  Box,
  Detection,
  FaceObservation,
  Landmarks,
  MirroredFace,
  PictureHalf,
  Point,
} from '../../face/observation.js';
import { MESH_PARTNERS } from '../../face/mesh-symmetry.js';
import { axesOf } from '../../face/region-axes.js';
import { ALL_POINTS, BLENDSHAPE_POINTS, LEFT_EYE_OUTER, MESH_POINTS, REFINEMENTS, RIGHT_EYE_OUTER } from './points.js';
import {
  fromRegion,
  mirroredCrop,
  regionAbout,
  regionAround,
  regionCrop,
  shiftedRegion,
  type Sampling,
} from './region.js';

/** Names of the nets in the pool. */
export const MESH_MODEL = 'face-mesh';
export const BLENDSHAPES_MODEL = 'face-blendshapes';

/** Below this presence score a region holds no face. */
const PRESENCE_THRESHOLD = 0.5;

/** A landmark net: how to feed it and how to read it. */
export interface MeshSpec {
  readonly input: string;
  /** Side of its square input, which also is the unit of its landmarks. */
  readonly size: number;
  /** Raw presence score, before the sigmoid. */
  readonly presence: string;
  /** x, y, z of all 478 landmarks, in pixels of the net's input; null when an output lacks. */
  readonly read: (outputs: RunResult) => Float32Array | null;
}

/** The 478-landmark net of face_landmarker.task. */
export const BUNDLE_MESH: MeshSpec = {
  input: 'input_12',
  size: 256,
  presence: 'Identity_1',
  read: (outputs) => outputs['Identity']?.data ?? null,
};

/** The attention mesh of the npm package @mediapipe/face_mesh. */
export const ATTENTION_MESH: MeshSpec = {
  input: 'input_1',
  size: 192,
  presence: 'conv_faceflag',
  read: readAttentionMesh,
};

/** Lays the refined lips, eyes and irises over the mesh, as MediaPipe's LandmarksRefinement calculator does. */
function readAttentionMesh(outputs: RunResult): Float32Array | null {
  const mesh = outputs['output_mesh_identity']?.data;
  if (mesh === undefined) return null;
  const all = new Float32Array(3 * ALL_POINTS);
  all.set(mesh.subarray(0, 3 * MESH_POINTS));
  for (const { output, points, depthFrom } of REFINEMENTS) {
    const refined = outputs[output]?.data;
    if (refined === undefined) return null;
    points.forEach((point, place) => {
      all[3 * point] = refined[2 * place] ?? 0;
      all[3 * point + 1] = refined[2 * place + 1] ?? 0;
    });
    if (depthFrom.length === 0) continue;
    const depth = depthFrom.reduce((sum, point) => sum + (all[3 * point + 2] ?? 0), 0) / depthFrom.length;
    for (const point of points) all[3 * point + 2] = depth;
  }
  return all;
}

/** Together with the plain look: five cuts of the face, each as it is and mirrored. */
const FURTHER_LOOKS: readonly { readonly scale: number; readonly lower: number; readonly mirrored: boolean }[] = [
  { scale: 1, lower: 0, mirrored: true },
  ...[
    { scale: 0.9, lower: -0.04 },
    { scale: 1.1, lower: -0.04 },
    { scale: 0.9, lower: 0.04 },
    { scale: 1.1, lower: 0.04 },
  ].flatMap((cut) => [
    { ...cut, mirrored: false },
    { ...cut, mirrored: true },
  ]),
];

/** Finds the 478 landmarks of a face, and with the bundle's net its 52 blendshapes. */
export class MediaPipeLandmarker implements Landmarker {
  readonly following: Following = {
    kind: 'landmarks',
    nextRegion,
    furtherLooks: FURTHER_LOOKS.length,
    lookAgain: (frame, region, look) => this.#lookAgain(frame, region, look),
  };
  readonly #pool: NetworkRunner;
  readonly #spec: MeshSpec;
  readonly #hasBlendshapes: boolean;
  readonly #hasWholeBlendshapes: boolean;
  readonly #sampling: Sampling;

  constructor(
    pool: NetworkRunner,
    options: {
      readonly spec: MeshSpec;
      readonly hasBlendshapes: boolean;
      /** Whether those of the whole face are wanted, too, and not only those of mirrored ones. Default true. */
      readonly wholeBlendshapes?: boolean;
      readonly sampling: Sampling;
    },
  ) {
    this.#pool = pool;
    this.#spec = options.spec;
    this.#hasBlendshapes = options.hasBlendshapes;
    this.#hasWholeBlendshapes = options.wholeBlendshapes ?? true;
    this.#sampling = options.sampling;
  }

  regionOf(detection: Detection): FaceRegion {
    const [rightEye, leftEye] = detection.keypoints;
    const level: Point = { x: 0, y: 0 };
    return regionAround(detection.box, rightEye ?? level, leftEye ?? { x: 1, y: 0 });
  }

  async observe(frame: Frame, region: FaceRegion): Promise<FaceObservation | null> {
    const seen = await this.#look(frame, this.#crop(region));
    if (seen === null) return null;
    const { confidence } = seen;
    const points = toFrame(seen.raw, this.#spec.size, region);
    const landmarks: Landmarks = { topology: 'mediapipe-478', points };
    return {
      box: boxAround(points),
      confidence,
      landmarks,
      blendshapes: this.#hasWholeBlendshapes ? await this.#blendshapes(points) : null,
    };
  }

  async #lookAgain(frame: Frame, region: FaceRegion, look: number): Promise<Float32Array | null> {
    const { scale, lower, mirrored } = FURTHER_LOOKS[look] ?? { scale: 1, lower: 0, mirrored: false };
    const cut = shiftedRegion(region, scale, lower);
    const crop = this.#crop(cut);
    const seen = await this.#look(frame, mirrored ? mirroredCrop(crop) : crop);
    if (seen === null) return null;
    return toFrame(mirrored ? mirroredBack(seen.raw, this.#spec.size) : seen.raw, this.#spec.size, cut);
  }

  /** The landmarks of an even face are averaged with their mirror images: the net is not quite even itself. */
  async observeMirrored(frame: Frame, region: FaceRegion, half: PictureHalf): Promise<MirroredFace | null> {
    const { size } = this.#spec;
    // Half a pixel matters here: the crop's middle is the midline, whatever the sampling of other crops.
    const crop = this.#crop(region, 'centred');
    const seen = await this.#look(frame, { ...(half === 'right' ? crop : mirroredCrop(crop)), isEven: true });
    if (seen === null) return null;
    const points = toFrame(madeEven(seen.raw, size), size, region);
    return { landmarks: { topology: 'mediapipe-478', points }, blendshapes: await this.#blendshapes(points) };
  }

  #crop(region: FaceRegion, sampling = this.#sampling): Crop {
    return regionCrop(region, this.#spec.size, sampling, {
      scale: [1 / 255, 1 / 255, 1 / 255],
      offset: [0, 0, 0],
      border: 'clamp',
    });
  }

  /** What the net says of a crop, its landmarks in pixels of the crop; null when it shows no face. */
  async #look(frame: Frame, crop: Crop): Promise<{ readonly raw: Float32Array; readonly confidence: number } | null> {
    const outputs = await this.#pool.run({
      model: MESH_MODEL,
      inputs: { [this.#spec.input]: { kind: 'crops', crops: [{ frame, crop }] } },
    });
    const confidence = 1 / (1 + Math.exp(-(outputs[this.#spec.presence]?.data[0] ?? -Infinity)));
    const raw = this.#spec.read(outputs);
    return raw === null || confidence < PRESENCE_THRESHOLD ? null : { raw, confidence };
  }

  async #blendshapes(points: Float32Array): Promise<Float32Array | null> {
    if (!this.#hasBlendshapes) return null;
    const data = Float32Array.from(
      BLENDSHAPE_POINTS.flatMap((point) => [points[3 * point] ?? 0, points[3 * point + 1] ?? 0]),
    );
    const outputs = await this.#pool.run({
      model: BLENDSHAPES_MODEL,
      inputs: { 'serving_default_input_points:0': { kind: 'values', dims: [1, BLENDSHAPE_POINTS.length, 2], data } },
    });
    return outputs['StatefulPartitionedCall:0']?.data ?? null;
  }
}

function nextRegion({ landmarks }: FaceObservation): FaceRegion {
  return regionAbout(
    landmarks.points,
    pointAt(landmarks.points, RIGHT_EYE_OUTER),
    pointAt(landmarks.points, LEFT_EYE_OUTER),
  );
}

/** Landmarks of a mirrored crop as those of the crop itself. */
function mirroredBack(raw: Float32Array, size: number): Float32Array {
  const points = new Float32Array(3 * ALL_POINTS);
  for (let point = 0; point < ALL_POINTS; point++) {
    const partner = 3 * (MESH_PARTNERS[point] ?? point);
    points.set([size - (raw[partner] ?? 0), raw[partner + 1] ?? 0, raw[partner + 2] ?? 0], 3 * point);
  }
  return points;
}

/** The mean of a crop's landmarks and their mirror images. */
function madeEven(raw: Float32Array, size: number): Float32Array {
  return mirroredBack(raw, size).map((value, at) => (value + (raw[at] ?? NaN)) / 2);
}

function toFrame(raw: Float32Array, size: number, region: FaceRegion): Float32Array {
  const points = new Float32Array(3 * ALL_POINTS);
  const axes = axesOf(region);
  for (let at = 0; at < points.length; at += 3) {
    const { x, y } = fromRegion(region, (raw[at] ?? 0) / size, (raw[at + 1] ?? 0) / size, axes);
    points[at] = x;
    points[at + 1] = y;
    points[at + 2] = ((raw[at + 2] ?? 0) / size) * region.width;
  }
  return points;
}

function pointAt(points: Float32Array, index: number): Point {
  return { x: points[3 * index] ?? 0, y: points[3 * index + 1] ?? 0 };
}

function boxAround(points: Float32Array): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 3) {
    const x = points[at] ?? 0;
    const y = points[at + 1] ?? 0;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
