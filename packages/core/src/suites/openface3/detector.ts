import type { Crop } from '../../frames/crop.js';
import type { Frame } from '../../frames/frame.js';
import type { NetworkRunner } from '../../inference/network-runner.js';
import type { FaceDetector, Search } from '../../face/adapters.js';
import type { Box, Detection } from '../../face/observation.js';
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
/** The thorough search sees this many times more pixels along each side. */
const THOROUGH_FACTOR = 2;

/** Long side of what the network is shown, in pixels, unless the frame is smaller. */
const DEFAULT_LONG_SIDE = 640;

/**
 * Finds faces with RetinaFace: in the region of interest first, and in the whole frame when there is not just one face
 * in it. As long as there is one face, the region goes along with it.
 */
export class RetinaFaceDetector implements FaceDetector {
  readonly hasThorough = true;
  readonly #pool: NetworkRunner;
  readonly #longSide: number;

  constructor(pool: NetworkRunner, options: { readonly longSide?: number } = {}) {
    this.#pool = pool;
    this.#longSide = options.longSide ?? DEFAULT_LONG_SIDE;
  }

  async detect(frame: Frame, search: Search, near: Box | null = null): Promise<readonly Detection[]> {
    if (near !== null && search === 'quick') {
      const found = await this.#facesIn(frame, near, this.#longSide / 2);
      if (found.length === 1) return found;
    }
    const longSide = search === 'thorough' ? this.#longSide * THOROUGH_FACTOR : this.#longSide;
    return this.#facesIn(frame, { x: 0, y: 0, width: frame.layout.width, height: frame.layout.height }, longSide);
  }

  /** With several faces the choice among them is one among all: there is no region then. */
  regionOfInterest(last: Box | null, found: readonly Detection[]): Box | null {
    const [only] = found;
    if (only === undefined || found.length > 1) return null;
    const region = grown(only.box);
    return last !== null && contains(last, only.box) ? mixed(last, region) : region;
  }

  async #facesIn(frame: Frame, { x, y, width, height }: Box, longSide: number): Promise<Detection[]> {
    const scale = Math.min(1, longSide / Math.max(width, height));
    const [wide, high] = [width, height].map((side) => Math.max(GRID, Math.ceil((side * scale) / GRID) * GRID)) as [
      number,
      number,
    ];
    // A crop's pixel p shows the source's p / scale, edges of the first pixels aligned; what lies beyond the region
    // fills up the grid.
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
    const outputs = await this.#pool.run({
      model: RETINAFACE_MODEL,
      inputs: { input: { kind: 'crops', crops: [{ frame, crop }] } },
    });
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

function grown({ x, y, width, height }: Box): Box {
  return {
    x: x - ((GROWTH - 1) / 2) * width,
    y: y - ((GROWTH - 1) / 2) * height,
    width: width * GROWTH,
    height: height * GROWTH,
  };
}

/** No farther from the last region than smoothing allows. */
function mixed(last: Box, now: Box): Box {
  const mix = (key: keyof Box): number => KEPT * last[key] + (1 - KEPT) * now[key];
  return { x: mix('x'), y: mix('y'), width: mix('width'), height: mix('height') };
}

function contains(outer: Box, inner: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}
