import { clamp, mean, sortedQuantile, toRadians } from '../arithmetic.js';
import { fitHeadPose, headAngles } from './head-pose.js';
import type { Landmarks, Point, Topology } from './observation.js';

/**
 * Outer and inner corner of the eye on the picture's left, then inner and outer of the other. Expressions hardly move
 * them.
 */
const EYE_CORNERS: Readonly<Record<Topology, readonly [number, number, number, number]>> = {
  'mediapipe-478': [33, 133, 362, 263],
  'mediapipe-468': [33, 133, 362, 263],
  'wflw-98': [60, 64, 68, 72],
};

/** Iris centres, the one on the picture's left first. */
const IRISES: Readonly<Record<Topology, readonly [number, number] | null>> = {
  'mediapipe-478': [468, 473],
  'mediapipe-468': null,
  'wflw-98': null,
};

/** Middles of the upper and lower lids of the same eyes. */
const LIDS: Readonly<Record<Topology, readonly (readonly [upper: number, lower: number])[]>> = {
  'mediapipe-478': [
    [159, 145],
    [386, 374],
  ],
  'mediapipe-468': [
    [159, 145],
    [386, 374],
  ],
  'wflw-98': [
    [62, 66],
    [70, 74],
  ],
};

/**
 * How far the chin lies before the eyes in inter-ocular distances, on the mean head (0.80 of 6.30 cm): what a turn of
 * the head shifts it by.
 */
const CHIN_DEPTH = 0.127;
/** Frames that the chin's place rests on at most. */
const MEMORY = 300;
/**
 * A chin so far from its usual place, in inter-ocular distances, counts half. Nearer, the eye corners may as well be
 * what moved: raised brows and blinks shift them by up to 0.02 against the rest of the face. Smiles draw the chin away
 * by 0.05.
 */
const OUTLIER = 0.0125;

/**
 * Eyes opened by this part of their usual opening are too narrow to tell where the irises are; by the second, not at
 * all narrow.
 */
const NARROW_EYES = [0.6, 0.9] as const;

/**
 * Keeps the chin where it belongs on the skull. Landmark networks draw it along with the mouth: a smile on one side
 * moves MediaPipe's chin by 7 % of the inter-ocular distance, which turns the midline by 2.4 degrees, and such smiles
 * are what this program is for. The eyes stay, so the chin's place across the line of the eyes is remembered as a
 * robust mean over the last 300 frames, which most of them decide; what the head's yaw shifts is accounted for by the
 * mean head's depth. A chin near that place stays where it is seen, one far from it is put there. Only the place across
 * that line is steadied, so the jaw may open.
 *
 * The line runs from eye to eye by their corners and, while they are open, as much by their irises, each with its own
 * memory: a smile tilts the corners of the nets in the npm package by half a degree and leaves the irises. Where the
 * eyes look does not matter, because only the line's direction is taken from the irises.
 */
export class SteadyChin {
  /**
   * The chin's place across the line of the eyes in each frame, in inter-ocular distances, the head's turn taken off;
   * by corners and by irises.
   */
  readonly #byCorners = new Places();
  readonly #byIrises = new Places();
  readonly #openings = new Places();

  /** The chin of the next frame; as it is when the landmarks have no eyes. */
  next(landmarks: Landmarks, chin: Point): Point {
    const eyes = eyesOf(landmarks);
    const pose = fitHeadPose(landmarks);
    if (eyes === null || pose === null) return chin;
    const { middle, axis, irises, opening } = eyes;
    const turned = CHIN_DEPTH * Math.sin(toRadians(headAngles(pose).yaw));
    const away = { x: chin.x - middle.x, y: chin.y - middle.y };

    const across = acrossOf(away, axis);
    let off = across - turned - this.#byCorners.usualWith(across - turned);
    if (irises !== null) {
      const place = acrossOf(away, irises) - turned;
      const offIrises = place - this.#byIrises.usualWith(place);
      const [narrow, open] = NARROW_EYES;
      const usualOpening = this.#openings.usualWith(opening);
      const share = clamp((opening / usualOpening - narrow) / (open - narrow), 0, 1);
      if (Number.isFinite(offIrises) && Number.isFinite(share)) off = (off + share * offIrises) / (1 + share);
    }
    const back = (1 - weightOf(off)) * off;
    return { x: chin.x - back * axis.x, y: chin.y - back * axis.y };
  }

  /** Forgets the face. */
  reset(): void {
    this.#byCorners.clear();
    this.#byIrises.clear();
    this.#openings.clear();
  }
}

/** Values of the last frames, and where they usually lie. */
class Places {
  readonly #values = new Float64Array(MEMORY);
  /** The same in order, so that a frame has not to sort them all. */
  readonly #sorted = new Float64Array(MEMORY);
  #count = 0;

  /** Takes in one more value; the robust mean of all; NaN, and nothing taken in, for one that is no number. */
  usualWith(value: number): number {
    if (Number.isNaN(value)) return NaN;
    if (this.#count === MEMORY) this.#forgetOldest();
    this.#values[this.#count] = value;
    const place = this.#placeOf(value);
    this.#sorted.copyWithin(place + 1, place, this.#count);
    this.#sorted[place] = value;
    this.#count++;
    return this.#robustMean();
  }

  clear(): void {
    this.#count = 0;
  }

  #forgetOldest(): void {
    const place = this.#placeOf(this.#values[0] ?? NaN);
    this.#sorted.copyWithin(place, place + 1, this.#count);
    this.#values.copyWithin(0, 1, this.#count);
    this.#count--;
  }

  /** The first place in order whose value is not less. */
  #placeOf(value: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? NaN) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The mean, each value weighted by how near it is to the median. */
  #robustMean(): number {
    const middle = sortedQuantile(this.#sorted, this.#count, 0.5);
    let total = 0;
    let weights = 0;
    for (let frame = 0; frame < this.#count; frame++) {
      const value = this.#values[frame] ?? NaN;
      const weight = weightOf(value - middle);
      total += weight * value;
      weights += weight;
    }
    return total / weights;
  }
}

/** How far along an axis something lies, in its lengths. */
function acrossOf(away: Point, axis: Point): number {
  return (away.x * axis.x + away.y * axis.y) / (axis.x ** 2 + axis.y ** 2);
}

/** 1 for a chin in its place, 1/2 at `OUTLIER`, and soon nothing. */
function weightOf(distance: number): number {
  // Squared twice, which is quicker than a fourth power: this runs for 300 values a frame.
  const square = (distance / OUTLIER) ** 2;
  return 1 / (1 + square * square);
}

/** What is seen of the eyes, the one on the picture's left first. */
interface Eyes {
  /** Between them, by their corners. */
  readonly middle: Point;
  /** From the one to the other, by their corners. */
  readonly axis: Point;
  /** The same by their irises; null without. */
  readonly irises: Point | null;
  /** Between the lids, in inter-ocular distances. */
  readonly opening: number;
}

/** The corners of both eyes. */
export function eyeCorners({ topology, points }: Landmarks): readonly Point[] {
  return EYE_CORNERS[topology].map((index) => ({ x: points[index * 3] ?? NaN, y: points[index * 3 + 1] ?? NaN }));
}

function eyesOf({ topology, points }: Landmarks): Eyes | null {
  const at = (index: number): Point => ({ x: points[index * 3] ?? NaN, y: points[index * 3 + 1] ?? NaN });
  const middleOf = (i: number, j: number): Point => ({ x: (at(i).x + at(j).x) / 2, y: (at(i).y + at(j).y) / 2 });
  const [a, b, c, d] = EYE_CORNERS[topology];
  const [left, right] = [middleOf(a, b), middleOf(c, d)];
  const axis = way(left, right);
  const length = Math.hypot(axis.x, axis.y);
  if (!(length >= 1)) return null;
  const irises = IRISES[topology];
  const openings = LIDS[topology].map(([upper, lower]) =>
    Math.hypot(at(lower).x - at(upper).x, at(lower).y - at(upper).y),
  );
  return {
    middle: { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 },
    axis,
    irises: irises && way(at(irises[0]), at(irises[1])),
    opening: mean(openings) / length,
  };
}

function way(from: Point, to: Point): Point {
  return { x: to.x - from.x, y: to.y - from.y };
}
