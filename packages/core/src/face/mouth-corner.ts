import { clamp } from '../arithmetic.js';
import type { Frame } from '../frames/frame.js';
import type { FaceRegion } from './adapters.js';
import type { Landmarks, MirroredFace, PictureHalf, Point, Topology } from './observation.js';
import { MILLIMETRE, PatchField, stepsToWidths, type Patch } from './patch.js';
import { axesOf } from './region-axes.js';

/** The corner of the mouth on the picture's left and on its right. */
const CORNERS: Readonly<Record<Topology, Readonly<Record<PictureHalf, number>>>> = {
  'mediapipe-478': { left: 61, right: 291 },
  'mediapipe-468': { left: 61, right: 291 },
  'wflw-98': { left: 76, right: 82 },
};

/** How far from the network's place the corner is looked for, in half millimetres. */
const SEARCH = 12;
/** Steps of the search, in half millimetres: from coarse to fine. */
const STRIDES = [4, 2, 1] as const;
/** Of likeness, what a place loses for the square of each half millimetre between it and the network's. */
const DISTRUST = 0.0005;
/**
 * How like its usual look the corner must be for the picture to count: not at all up to the first, alone from the
 * second on. A corner that moved without changing its look reaches 0.9 to 1; a grin that bares the teeth and folds the
 * skin 0.5 to 0.8.
 */
const ALIKE = [0.8, 0.9] as const;
/** What lies about the corner goes with it: the standard deviation of a bell. */
const REACH = 10 * MILLIMETRE;
/** Towards the midline, which stays, the bell is narrower: the midline is this many standard deviations away. */
const MIDLINE = 2.2;
/** Points nearer to the midline are moved sideways less. */
const MIDLINE_WIDTH = 2 * MILLIMETRE;

/**
 * Says where the corner of the mouth is on the mirrored faces of one half, by two witnesses. Landmark networks draw a
 * mouth towards the mouth that they know best: of 9 mm that the corner alone has moved they show 7 on average, of some
 * faces 4, of others 10. The picture does not: while the corner looks as it did in the first frame, it is where that
 * look is found again, near the place that the network says. The less it looks so, the more the network alone counts.
 *
 * Fed in frame order.
 */
export class MouthCorner {
  readonly #half: PictureHalf;
  #usual: Patch | null = null;

  constructor(half: PictureHalf) {
    this.#half = half;
  }

  /** The next frame's face with the corner of its mouth, and what lies about it, where the picture shows them. */
  placed(frame: Frame, region: FaceRegion, face: MirroredFace): MirroredFace {
    const corner = this.#cornerOf(face.landmarks, region);
    // A corner on the midline or beyond it is no mouth's.
    if (!(Number.isFinite(corner.y) && corner.x > MIDLINE_WIDTH)) return face;
    const field = new PatchField(frame, region, this.#half, corner, SEARCH + 1);
    this.#usual ??= field.patch(0, 0);
    const found = nearestLike(field, this.#usual);
    const share = clamp((found.likeness - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0, 1);
    if (!(share > 0)) return face;
    const by = { x: share * stepsToWidths(found.out), y: share * stepsToWidths(found.down) };
    return { ...face, landmarks: moved(face.landmarks, region, corner, by) };
  }

  /** In widths of the region, from its middle: outwards from the midline, and down. */
  #cornerOf({ topology, points }: Landmarks, region: FaceRegion): Point {
    const at = 3 * CORNERS[topology][this.#half];
    const { x, y } = inRegion(region, points[at] ?? NaN, points[at + 1] ?? NaN);
    return { x: this.#half === 'right' ? x : -x, y };
  }
}

/** Where a look is found again, in steps from a field's middle, to parts of a step. */
interface Found {
  readonly out: number;
  readonly down: number;
  readonly likeness: number;
}

/** Climbs from the field's middle to where it is most like a patch. */
function nearestLike(field: PatchField, usual: Patch): Found {
  const side = 2 * SEARCH + 3;
  const known = new Float64Array(side * side).fill(-Infinity);
  const alike = (out: number, down: number): number => {
    const at = (down + SEARCH + 1) * side + out + SEARCH + 1;
    if (known[at] === -Infinity) known[at] = field.likeness(out, down, usual);
    return known[at] ?? NaN;
  };
  const worth = (out: number, down: number): number =>
    Math.hypot(out, down) > SEARCH ? -Infinity : alike(out, down) - DISTRUST * (out ** 2 + down ** 2);
  let [out, down, best] = [0, 0, worth(0, 0)];
  for (const stride of STRIDES) {
    for (let climbed = true; climbed;) {
      climbed = false;
      const [fromOut, fromDown] = [out, down];
      for (const x of [-stride, 0, stride])
        for (const y of [-stride, 0, stride]) {
          const there = worth(fromOut + x, fromDown + y);
          if (!(there > best)) continue;
          [out, down, best] = [fromOut + x, fromDown + y, there];
          climbed = true;
        }
    }
  }
  return {
    out: out + peak(worth(out - 1, down), best, worth(out + 1, down)),
    down: down + peak(worth(out, down - 1), best, worth(out, down + 1)),
    likeness: alike(out, down),
  };
}

/** Where the parabola through three values a step apart is highest, from the middle one, which is the largest. */
function peak(before: number, here: number, after: number): number {
  const bend = before - 2 * here + after;
  return Number.isFinite(bend) && bend < 0 ? clamp((before - after) / (2 * bend), -0.5, 0.5) : 0;
}

/** The face with what lies about a corner moved; it stays even, so its other half moves as the mirror image. */
function moved(landmarks: Landmarks, region: FaceRegion, corner: Point, by: Point): Landmarks {
  const points = landmarks.points.slice();
  const [cos, sin] = axesOf(region);
  const inwards = Math.min(REACH, corner.x / MIDLINE);
  for (let at = 0; at < points.length; at += 3) {
    const { x, y } = inRegion(region, points[at] ?? NaN, points[at + 1] ?? NaN);
    const out = Math.abs(x) - corner.x;
    const weight = Math.exp(-((out / (out < 0 ? inwards : REACH)) ** 2 + ((y - corner.y) / REACH) ** 2) / 2);
    // Points on the midline stay on it.
    const across = region.width * weight * by.x * clamp(x / MIDLINE_WIDTH, -1, 1);
    const down = region.width * weight * by.y;
    points[at] = (points[at] ?? NaN) + across * cos - down * sin;
    points[at + 1] = (points[at + 1] ?? NaN) + across * sin + down * cos;
  }
  return { ...landmarks, points };
}

/** In widths of the region, from its middle: to the picture's right along the region, and down. */
function inRegion({ centre, width, angle }: FaceRegion, x: number, y: number): Point {
  const [cos, sin] = axesOf({ angle });
  const [right, below] = [x - centre.x, y - centre.y];
  return { x: (right * cos + below * sin) / width, y: (below * cos - right * sin) / width };
}
