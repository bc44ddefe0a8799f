import type { Crop } from '../../frames/crop.js';
import type { Frame } from '../../frames/frame.js';
import type { NetworkRunner } from '../../inference/network-runner.js';
import type { FaceRegion, Following, Landmarker } from '../../face/adapters.js';
import type { Box, Detection, FaceObservation } from '../../face/observation.js';
import { AdaptiveInterval } from './detection-interval.js';

/** Name of the network in the pool. */
export const STAR_MODEL = 'star';

const SIZE = 256;
const POINTS = 98;
/** The crop's side over the shorter side of the face's box. */
const GROWTH = 1.05;

/**
 * Finds the 98 WFLW landmarks of a face with STAR. A detection's box is good for some frames, whose number adapts to
 * how still the head is.
 */
export class StarLandmarker implements Landmarker {
  readonly following: Following = { kind: 'detections', newInterval: () => new AdaptiveInterval() };
  readonly #pool: NetworkRunner;
  readonly #detections = new WeakMap<FaceRegion, Detection>();

  constructor(pool: NetworkRunner) {
    this.#pool = pool;
  }

  regionOf(detection: Detection): FaceRegion {
    const { x, y, width, height } = detection.box;
    const side = Math.max(1, GROWTH * Math.min(width, height));
    const region: FaceRegion = { centre: { x: x + width / 2, y: y + height / 2 }, width: side, height: side, angle: 0 };
    this.#detections.set(region, detection);
    return region;
  }

  async observe(frame: Frame, region: FaceRegion): Promise<FaceObservation | null> {
    const outputs = await this.#pool.run({
      model: STAR_MODEL,
      inputs: { input_image: { kind: 'crops', crops: [{ frame, crop: starCrop(region) }] } },
    });
    const raw = outputs['landmarks']?.data;
    if (raw?.length !== 2 * POINTS || !raw.every((value) => Number.isFinite(value))) return null;
    const { box, score } = this.#detections.get(region) ?? { box: boxOf(region), score: 1 };
    return {
      box,
      confidence: score,
      landmarks: { topology: 'wflw-98', points: toFrame(raw, region) },
      blendshapes: null,
    };
  }
}

/**
 * STAR's crop: the region's side becomes 256 pixels, its centre lies between the middle pixels, zeros outside the
 * frame.
 */
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

function boxOf({ centre, width, height }: FaceRegion): Box {
  return {
    x: centre.x - width / GROWTH / 2,
    y: centre.y - height / GROWTH / 2,
    width: width / GROWTH,
    height: height / GROWTH,
  };
}
