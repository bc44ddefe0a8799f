import type { Crop } from '../../frames/crop.js';
import type { Frame } from '../../frames/frame.js';
import type { InferencePool } from '../../inference/pool.js';
import type { FaceDetector, Search } from '../adapters.js';
import type { Box, Detection } from '../observation.js';
import { decodeRetinaFace } from './retinaface.js';

/** Name of the network in the pool. */
export const RETINAFACE_MODEL = 'retinaface';

/** Sizes that the graph takes: multiples of its coarsest stride. */
const GRID = 32;
/** Faces with lower scores are not believed; the original's threshold for mirroring. */
const THRESHOLD = 0.9;
/** The region of interest: the face's box grown by this, and how much of the old region stays in the new one. */
const GROWTH = 1.5;
const KEPT = 0.6;
/** The thorough search sees so many times more pixels along each side. */
const THOROUGH_FACTOR = 2;

/** Long side of what the network is shown, in pixels, unless the frame is smaller. */
export const DEFAULT_LONG_SIDE = 640;

/**
 * Finds faces with RetinaFace: in the whole frame first, then, as long as there is one face and it is found there, in a
 * region of interest about it. Remembers the region from call to call: for one video, frames in order.
 */
export class RetinaFaceDetector implements FaceDetector {
  readonly hasThorough = true;
  readonly #pool: InferencePool;
  readonly #longSide: number;
  #region: Box | null = null;

  constructor(pool: InferencePool, options: { readonly longSide?: number } = {}) {
    this.#pool = pool;
    this.#longSide = options.longSide ?? DEFAULT_LONG_SIDE;
  }

  async detect(frame: Frame, search: Search): Promise<readonly Detection[]> {
    const region = this.#region;
    this.#region = null;
    const near = region === null || search === 'thorough' ? [] : await this.#facesIn(frame, region, this.#longSide / 2);
    const [onlyNear] = near;
    if (onlyNear !== undefined && near.length === 1) {
      this.#region = follow(region, onlyNear.box);
      return near;
    }
    const longSide = search === 'thorough' ? this.#longSide * THOROUGH_FACTOR : this.#longSide;
    const all = await this.#facesIn(frame, { x: 0, y: 0, width: frame.layout.width, height: frame.layout.height }, longSide);
    const [only] = all;
    // With several faces the choice among them is one among all.
    if (only !== undefined && all.length === 1) this.#region = follow(null, only.box);
    return all;
  }

  async #facesIn(frame: Frame, { x, y, width, height }: Box, longSide: number): Promise<Detection[]> {
    const scale = Math.min(1, longSide / Math.max(width, height));
    const [wide, high] = [width, height].map((side) => Math.max(GRID, Math.ceil((side * scale) / GRID) * GRID)) as [number, number];
    // A crop's pixel p shows the source's p / scale, edges of the first pixels aligned; what lies beyond the region fills up the grid.
    const step = 1 / scale;
    const [x0, y0] = [x + step / 2 - 0.5, y + step / 2 - 0.5];
    const crop: Crop = {
      toSource: { xx: step, xy: 0, x0, yx: 0, yy: step, y0 },
      width: wide,
      height: high,
      layout: 'NCHW',
      channels: 'BGR',
      scale: [1, 1, 1],
      offset: [-104, -117, -123],
      border: 'black',
      sampling: 'antialiased',
    };
    const outputs = await this.#pool.run({ model: RETINAFACE_MODEL, inputs: { input: { kind: 'crops', crops: [{ frame, crop }] } } });
    const { loc, conf, landms } = outputs;
    if (loc === undefined || conf === undefined || landms === undefined) return [];
    const raw = { loc: loc.data, conf: conf.data, landms: landms.data };
    return decodeRetinaFace(raw, wide, high, THRESHOLD).map(({ box, score, keypoints }) => ({
      score,
      box: { x: box.x * step + x0, y: box.y * step + y0, width: box.width * step, height: box.height * step },
      keypoints: keypoints.map((point) => ({ x: point.x * step + x0, y: point.y * step + y0 })),
    }));
  }
}

/** The region for the next search: about the face, and no farther from the last one than smoothing allows. */
function follow(last: Box | null, face: Box): Box {
  const [width, height] = [face.width * GROWTH, face.height * GROWTH];
  const now: Box = { x: face.x - (width - face.width) / 2, y: face.y - (height - face.height) / 2, width, height };
  if (last === null) return now;
  const mix = (key: keyof Box): number => KEPT * last[key] + (1 - KEPT) * now[key];
  return { x: mix('x'), y: mix('y'), width: mix('width'), height: mix('height') };
}
