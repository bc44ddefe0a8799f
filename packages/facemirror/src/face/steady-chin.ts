import { fitHeadPose, headAngles } from './head-pose.js';
import type { Landmarks, Point, Topology } from './observation.js';

/** Outer and inner corner of the eye on the picture's left, then inner and outer of the other. Expressions hardly move them. */
const EYE_CORNERS: Readonly<Record<Topology, readonly [number, number, number, number]>> = {
  'mediapipe-478': [33, 133, 362, 263],
  'mediapipe-468': [33, 133, 362, 263],
  'wflw-98': [60, 64, 68, 72],
};

/** How far the chin lies before the eyes in inter-ocular distances, on the mean head (0.80 of 6.30 cm): what a turn of the head shifts it by. */
const CHIN_DEPTH = 0.127;
/** Frames that the chin's place rests on at most. */
const MEMORY = 300;
/**
 * A chin so far from its usual place, in inter-ocular distances, counts half. Nearer, the eye corners may as well be what
 * moved: raised brows and blinks shift them by up to 0.02 against the rest of the face. Smiles draw the chin away by 0.05.
 */
const OUTLIER = 0.0125;

/**
 * Keeps the chin where it belongs on the skull. Landmark networks draw it along with the mouth: a smile on one side
 * moves MediaPipe's chin by 7 % of the inter-ocular distance, which turns the midline by 2.4 degrees, and such smiles
 * are what this program is for. The eye corners stay, so the chin's place across the line of the eyes is remembered as
 * a robust mean over the last 300 frames, which most of them decide; what the head's yaw shifts is accounted for by the
 * mean head's depth. A chin near that place stays where it is seen, one far from it is put there. Only the place across
 * that line is steadied, so the jaw may open.
 */
export class SteadyChin {
  /** The chin's place across the line of the eyes in each frame, in inter-ocular distances, the head's turn taken off. */
  readonly #places: number[] = [];

  /** The chin of the next frame; as it is when the landmarks have no eyes. */
  next(landmarks: Landmarks, chin: Point): Point {
    const eyes = eyesOf(landmarks);
    const pose = fitHeadPose(landmarks);
    if (eyes === null || pose === null) return chin;
    const { middle, axis } = eyes;
    const square = axis.x ** 2 + axis.y ** 2;
    const [x, y] = [chin.x - middle.x, chin.y - middle.y];
    const across = (x * axis.x + y * axis.y) / square;
    const along = (y * axis.x - x * axis.y) / square;
    const turned = CHIN_DEPTH * Math.sin((headAngles(pose).yaw * Math.PI) / 180);

    this.#places.push(across - turned);
    if (this.#places.length > MEMORY) this.#places.shift();
    const usual = robustMean(this.#places) + turned;
    const steady = usual + weightOf(across - usual) * (across - usual);
    return { x: middle.x + steady * axis.x - along * axis.y, y: middle.y + steady * axis.y + along * axis.x };
  }

  /** Forgets the face. */
  reset(): void {
    this.#places.length = 0;
  }
}

/** The mean, each value weighted by how near it is to the median. */
function robustMean(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(half)] ?? NaN) + (sorted[Math.ceil(half)] ?? NaN)) / 2;
  let sum = 0;
  let weights = 0;
  for (const value of values) {
    const weight = weightOf(value - median);
    sum += weight * value;
    weights += weight;
  }
  return sum / weights;
}

/** 1 for a chin in its place, 1/2 at `OUTLIER`, and soon nothing. */
function weightOf(distance: number): number {
  return 1 / (1 + (distance / OUTLIER) ** 4);
}

/** The middle between the eyes, and the way from the eye on the picture's left to the other. */
function eyesOf({ topology, points }: Landmarks): { readonly middle: Point; readonly axis: Point } | null {
  const [a, b, c, d] = EYE_CORNERS[topology];
  const mean = (i: number, j: number): Point => ({
    x: ((points[i * 3] ?? NaN) + (points[j * 3] ?? NaN)) / 2,
    y: ((points[i * 3 + 1] ?? NaN) + (points[j * 3 + 1] ?? NaN)) / 2,
  });
  const [left, right] = [mean(a, b), mean(c, d)];
  const axis = { x: right.x - left.x, y: right.y - left.y };
  if (!(Math.hypot(axis.x, axis.y) >= 1)) return null;
  return { middle: { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 }, axis };
}
