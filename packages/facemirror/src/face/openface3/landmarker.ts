import type { Crop } from '../../frames/crop.js';
import type { Frame } from '../../frames/frame.js';
import type { InferencePool } from '../../inference/pool.js';
import type { FaceRegion, Landmarker } from '../adapters.js';
import { fitHeadPose, headAngles } from '../head-pose.js';
import type { Box, Detection, FaceObservation } from '../observation.js';
import { DetectionInterval } from './detection-interval.js';

/** Name of the network in the pool. */
export const STAR_MODEL = 'star';

const SIZE = 256;
const POINTS = 98;
/** The crop's side over the shorter side of the face's box. */
const GROWTH = 1.05;
/** Between two frames a face changes its size by no more than this factor, and its place by no more than this part of it. */
const MOST_SCALING = 1.25;
const MOST_SHIFT = 0.5;

/** What is remembered of a region that was handed out: the face's box, the detector's score and its age. */
interface Followed {
  readonly box: Box;
  readonly score: number;
  /** Frames since the detection. */
  readonly age: number;
  /** Where the landmarks were in the frame before; null for a fresh detection. */
  readonly spread: Spread | null;
}

/** Centre of some landmarks and their mean distance from it. */
interface Spread {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/**
 * Finds the 98 WFLW landmarks of a face with STAR. Between two detections, whose distance adapts to how still the head
 * is, the detection's box goes along with the landmarks. For one video, frames in order.
 */
export class StarLandmarker implements Landmarker {
  readonly #pool: InferencePool;
  readonly #interval = new DetectionInterval();
  readonly #regions = new WeakMap<FaceRegion, Followed>();
  readonly #observed = new WeakMap<FaceObservation, Followed>();

  constructor(pool: InferencePool) {
    this.#pool = pool;
  }

  regionOf({ box, score }: Detection): FaceRegion {
    return this.#region({ box, score, age: 0, spread: null });
  }

  nextRegion(observation: FaceObservation): FaceRegion | null {
    const last = this.#observed.get(observation);
    if (last === undefined) return null;
    const pose = fitHeadPose(observation.landmarks);
    if (pose !== null) this.#interval.observe(headAngles(pose).yaw);
    const age = last.age + 1;
    if (age < this.#interval.frames) return this.#region({ ...last, age });
    this.#interval.adapt();
    return null;
  }

  async observe(frame: Frame, region: FaceRegion): Promise<FaceObservation | null> {
    const outputs = await this.#pool.run({
      model: STAR_MODEL,
      inputs: { input_image: { kind: 'crops', crops: [{ frame, crop: starCrop(region) }] } },
    });
    const raw = outputs['landmarks']?.data;
    if (raw?.length !== 2 * POINTS || !raw.every((value) => Number.isFinite(value))) return null;
    const points = toFrame(raw, region);
    const spread = spreadOf(points);
    const before = this.#regions.get(region) ?? { box: boxOf(region), score: 1, age: 0, spread: null };
    const box = before.spread === null ? before.box : moved(before.box, before.spread, spread);
    const observation: FaceObservation = { box, confidence: before.score, landmarks: { topology: 'wflw-98', points }, blendshapes: null };
    this.#observed.set(observation, { ...before, box, spread });
    return observation;
  }

  #region(followed: Followed): FaceRegion {
    const { x, y, width, height } = followed.box;
    const side = Math.max(1, GROWTH * Math.min(width, height));
    const region: FaceRegion = { centre: { x: x + width / 2, y: y + height / 2 }, width: side, height: side, angle: 0 };
    this.#regions.set(region, followed);
    return region;
  }
}

/** STAR's crop: the region's side becomes 256 pixels, its centre lies between the middle pixels, zeros outside the frame. */
export function starCrop({ centre, width }: FaceRegion): Crop {
  const step = width / SIZE;
  const first = ((SIZE - 1) / 2) * step;
  return {
    toSource: { xx: step, xy: 0, x0: centre.x - first, yx: 0, yy: step, y0: centre.y - first },
    width: SIZE,
    height: SIZE,
    layout: 'NCHW',
    channels: 'BGR',
    scale: [2 / 255, 2 / 255, 2 / 255],
    offset: [-1, -1, -1],
    border: 'black',
    sampling: 'bilinear',
  };
}

/** From -1 … 1, which mean the first and the last pixel of the crop, to pixels of the frame; z is 0. */
function toFrame(raw: Float32Array, { centre, width }: FaceRegion): Float32Array {
  const reach = ((SIZE - 1) / 2) * (width / SIZE);
  const points = new Float32Array(3 * POINTS);
  for (let point = 0; point < POINTS; point++) {
    points[3 * point] = centre.x + (raw[2 * point] ?? 0) * reach;
    points[3 * point + 1] = centre.y + (raw[2 * point + 1] ?? 0) * reach;
  }
  return points;
}

function spreadOf(points: Float32Array): Spread {
  const sum = (of: (point: number) => number): number => {
    let total = 0;
    for (let point = 0; point < POINTS; point++) total += of(point);
    return total / POINTS;
  };
  const x = sum((point) => points[3 * point] ?? 0);
  const y = sum((point) => points[3 * point + 1] ?? 0);
  return { x, y, radius: sum((point) => Math.hypot((points[3 * point] ?? 0) - x, (points[3 * point + 1] ?? 0) - y)) };
}

/** A face's box after its landmarks have moved and grown so. */
function moved(box: Box, from: Spread, to: Spread): Box {
  const growth = from.radius > 0 ? to.radius / from.radius : 1;
  const scale = Math.min(MOST_SCALING, Math.max(1 / MOST_SCALING, growth));
  const most = MOST_SHIFT * Math.min(box.width, box.height);
  const bounded = (shift: number): number => Math.min(most, Math.max(-most, shift));
  const width = box.width * scale;
  const height = box.height * scale;
  return {
    x: box.x + box.width / 2 + bounded(to.x - from.x) - width / 2,
    y: box.y + box.height / 2 + bounded(to.y - from.y) - height / 2,
    width,
    height,
  };
}

function boxOf({ centre, width, height }: FaceRegion): Box {
  return { x: centre.x - width / GROWTH / 2, y: centre.y - height / GROWTH / 2, width: width / GROWTH, height: height / GROWTH };
}
