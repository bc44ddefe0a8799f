import { median } from '../arithmetic.js';
import type { Side } from '../action-units/units.js';
import type { SideFeature } from '../action-units/features.js';
import type { ExamCurves, SideCurves } from './exam-curves.js';

/** What of a half of the face is watched for movements, each over a typical strong movement, so that 1 is strong. */
export const WATCHED = [
  'browInner',
  'browOuter',
  'browIn',
  'alar',
  'upperLip',
  'close',
  'cornerUp',
  'cornerOut',
  'gap',
  'jaw',
  'lowerLip',
] as const;
export type Watched = (typeof WATCHED)[number];

interface WatchedCurve {
  readonly feature: SideFeature;
  /**
   * The movement that counts as 1, in inter-ocular distances (negative: the other way); of `close` a part of the
   * opening.
   */
  readonly one: number;
}

/**
 * Typical strong movements of healthy adults: brows 6 mm up and 4 mm together, nostrils and upper lip 4 mm up, mouth
 * corners 7 mm along each axis, lips 9 mm apart, jaw 10 mm, lower lip 8 mm; inter-ocular distances of 63 mm.
 */
const CURVES: Readonly<Record<Watched, WatchedCurve>> = {
  browInner: { feature: 'browInnerHeight', one: 0.09 },
  browOuter: { feature: 'browOuterHeight', one: 0.09 },
  browIn: { feature: 'browInnerDistance', one: -0.06 },
  alar: { feature: 'alarHeight', one: 0.06 },
  upperLip: { feature: 'upperLipHeight', one: 0.06 },
  close: { feature: 'palpebralFissure', one: -0.6 },
  cornerUp: { feature: 'cornerHeight', one: 0.11 },
  cornerOut: { feature: 'cornerDistance', one: 0.11 },
  gap: { feature: 'lipGap', one: 0.14 },
  jaw: { feature: 'jawLength', one: 0.16 },
  lowerLip: { feature: 'lowerLipHeight', one: -0.13 },
};

/** How far a half of the face is from rest, frame by frame; NaN where there is no face. */
export type SideEvidence = Readonly<Record<Watched, Float32Array>>;
export type Evidence = Readonly<Record<Side, SideEvidence>>;

/**
 * Measures both sides against their rest: the median of a stretch, or, without one, the value that each curve has most
 * often, since in an examination every part of the face rests while others move.
 *
 * @param isUsed 1 in the frames that count
 * @param isRest 1 in the frames of the stretch; null for the usual value
 */
export function evidenceOf(curves: ExamCurves, isUsed: Uint8Array, isRest: Uint8Array | null): Evidence {
  const side = (of: SideCurves): SideEvidence => {
    const entries = WATCHED.map((name) => {
      const { feature, one } = CURVES[name];
      const values = of.features[feature];
      const rest =
        isRest === null
          ? halfSampleMode(Array.from(values).filter((_, i) => isUsed[i] === 1))
          : median(Array.from(values).filter((_, i) => isRest[i] === 1));
      const scale = name === 'close' ? one * rest : one;
      return [name, values.map((value) => (value - rest) / scale)] as const;
    });
    return Object.fromEntries(entries) as SideEvidence; // an entry for each name
  };
  return { left: side(curves.left), right: side(curves.right) };
}

/** What a movement looks like: how much of each watched curve belongs to it. What is not named should stay at rest. */
export type Pattern = Readonly<Partial<Record<Watched, number>>>;

/**
 * The value where numbers lie most densely: again and again the half of them that lies closest together (half-sample
 * mode, Robertson & Cryer 1974, Bickel & Fruhwirth 2006). NaN of no numbers.
 */
export function halfSampleMode(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  let [from, count] = [0, sorted.length];
  while (count > 3) {
    const half = Math.ceil(count / 2);
    let best = from;
    for (let i = from; i + half <= from + count; i++) if (width(sorted, i, half) < width(sorted, best, half)) best = i;
    [from, count] = [best, half];
  }
  return median(sorted.slice(from, from + count));
}

function width(sorted: readonly number[], from: number, count: number): number {
  return (sorted[from + count - 1] ?? NaN) - (sorted[from] ?? NaN);
}
