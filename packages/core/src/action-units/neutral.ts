import { mean, median, quantile } from '../arithmetic.js';
import { sideFeaturesOf, type FaceFeatures, type SideFeature, type SideFeatures } from './features.js';
import type { FrameRecord } from './frame-record.js';
import type { NeutralChoice } from './neutral-window.js';
import { ACTION_UNITS, SIDES, noActionUnits, type ActionUnitValues, type Side } from './units.js';

/** The subject's face at rest: medians over the frames of a stretch of the video. */
export interface NeutralFace {
  readonly features: FaceFeatures;
  /** Null when no frame of the stretch has blendshapes. */
  readonly activations: Readonly<Record<Side, ActionUnitValues>> | null;
  /** The stretch, in seconds, and how many frames with a face it has. */
  readonly start: number;
  readonly end: number;
  readonly frames: number;
  readonly chosen: 'by the user' | 'calmest' | 'whole video';
}

/** The calmest stretch is looked for with this length; in a video of less than four times that, a quarter of it. */
const CALMEST_SECONDS = 1;
/** Records that are kept at most to take medians and quantiles of: evenly spread over what they stand for. */
const SAMPLE = 3000;

/** What is watched for calm, with the movement that counts as 1. */
const WATCHED: readonly (readonly [SideFeature, number])[] = [
  ['browInnerHeight', 0.16],
  ['browOuterHeight', 0.14],
  ['eyeAspectRatio', 0.3],
  ['upperLipHeight', 0.12],
  ['lowerLipHeight', 0.12],
  ['cornerHeight', 0.25],
  ['cornerDistance', 0.25],
  ['lipGap', 0.18],
  ['jawLength', 0.32],
];
/** A face can be held still in a grin: how much looking expressive counts against moving. */
const EXPRESSION_WEIGHT = 0.5;

/**
 * Finds the neutral face in what was recorded of a video. The calmest second is the one with the least movement of
 * brows, lids, lips and jaw whose mouth is most closed and narrow and whose eyes are most open, as far as this video
 * shows; the earliest of equals.
 *
 * @param records gives the records of the whole video, first to last, each time it is called
 * @returns null when no frame has a face; and `missed` when the user's window has none, so that the calmest second was
 *   taken
 */
export function findNeutral(
  records: () => Iterable<FrameRecord>,
  choice: NeutralChoice,
): { readonly neutral: NeutralFace | null; readonly missed: boolean } {
  if (choice.kind === 'window') {
    const neutral = neutralOf(records, choice.start, choice.end, 'by the user');
    if (neutral !== null) return { neutral, missed: false };
  }
  const calmest = calmestStretch(records);
  const neutral =
    calmest === null
      ? neutralOf(records, -Infinity, Infinity, 'whole video')
      : neutralOf(records, calmest.start, calmest.end, 'calmest');
  return { neutral, missed: choice.kind === 'window' };
}

function neutralOf(
  records: () => Iterable<FrameRecord>,
  start: number,
  end: number,
  chosen: NeutralFace['chosen'],
): NeutralFace | null {
  const sample = sampled(
    records,
    ({ timestamp }) => timestamp >= start && timestamp <= end,
    (record) => record,
  );
  const [first] = sample.picked;
  const last = sample.picked.at(-1);
  if (first === undefined || last === undefined) return null;
  const faces = sample.picked.map(({ face }) => face);
  const features = (side: Side): SideFeatures =>
    sideFeaturesOf((name) => median(faces.map((face) => face.features[side][name])));
  const activations = (side: Side): ActionUnitValues => {
    const medians = noActionUnits();
    for (const unit of ACTION_UNITS) {
      const value = median(faces.map((face) => face.activations?.[side][unit] ?? NaN));
      medians[unit] = Number.isNaN(value) ? null : value;
    }
    return medians;
  };
  return {
    features: {
      left: features('left'),
      right: features('right'),
      irisDiameter: median(faces.map((face) => face.features.irisDiameter)),
      interOcular: median(faces.map((face) => face.features.interOcular)),
    },
    activations: faces.some((face) => face.activations !== null)
      ? { left: activations('left'), right: activations('right') }
      : null,
    start: first.timestamp,
    end: last.timestamp,
    frames: sample.count,
    chosen,
  };
}

type FaceRecord = FrameRecord & { readonly face: NonNullable<FrameRecord['face']> };

function hasFace(record: FrameRecord): record is FaceRecord {
  return record.face !== null;
}

/**
 * What is picked of up to `SAMPLE` records with a face of those that are wanted, evenly spread, and how many there are
 * in all.
 */
function sampled<Picked>(
  records: () => Iterable<FrameRecord>,
  wanted: (record: FrameRecord) => boolean,
  pick: (record: FaceRecord) => Picked,
): { readonly picked: readonly Picked[]; readonly count: number } {
  let count = 0;
  for (const record of records()) if (hasFace(record) && wanted(record)) count++;
  const step = Math.max(1, Math.ceil(count / SAMPLE));
  const picked: Picked[] = [];
  let i = 0;
  for (const record of records()) {
    if (!hasFace(record) || !wanted(record)) continue;
    if (i++ % step === 0) picked.push(pick(record));
  }
  return { picked, count };
}

function calmestStretch(records: () => Iterable<FrameRecord>): { readonly start: number; readonly end: number } | null {
  // Of a long video whole records would be a dozen megabytes.
  const { picked } = sampled(
    records,
    () => true,
    ({ timestamp, face }) => ({ timestamp, left: restFeatures(face, 'left'), right: restFeatures(face, 'right') }),
  );
  const first = picked[0];
  const last = picked.at(-1);
  if (first === undefined || last === undefined) return null;
  const seconds = Math.min(CALMEST_SECONDS, (last.timestamp - first.timestamp) / 4);
  if (!(seconds > 0)) return null;
  const expressionOf = restOf(picked);

  let best: { readonly start: number; readonly end: number; readonly score: number } | null = null;
  let window: FaceRecord[] = [];
  for (const record of records()) {
    if (!hasFace(record)) {
      window = [];
      continue;
    }
    window.push(record);
    while ((window[0]?.timestamp ?? Infinity) < record.timestamp - seconds - 1e-6) window.shift();
    const start = window[0]?.timestamp ?? record.timestamp;
    // Frames lie a little apart, so that a stretch of them is up to one interval short of the time asked for.
    const interval = (record.timestamp - start) / Math.max(1, window.length - 1);
    if (window.length < 3 || record.timestamp - start < seconds - interval - 1e-6) continue;
    const score = movementIn(window) + EXPRESSION_WEIGHT * mean(window.map(expressionOf));
    if (best === null || score < best.score) best = { start, end: record.timestamp, score };
  }
  return best;
}

/** Mean over what is watched of its standard deviation. */
function movementIn(window: readonly FaceRecord[]): number {
  return mean(
    SIDES.flatMap((side) =>
      WATCHED.map(([name, unit]) => {
        const values = window.map(({ face }) => face.features[side][name]);
        const middle = mean(values);
        return Math.sqrt(mean(values.map((value) => (value - middle) ** 2))) / unit;
      }),
    ),
  );
}

/** What tells a resting face from an expressive one over a whole video. */
type RestFeatures = Pick<SideFeatures, 'cornerDistance' | 'eyeAspectRatio' | 'browInnerHeight' | 'cornerHeight'>;

function restFeatures(face: FaceRecord['face'], side: Side): RestFeatures {
  const { cornerDistance, eyeAspectRatio, browInnerHeight, cornerHeight } = face.features[side];
  return { cornerDistance, eyeAspectRatio, browInnerHeight, cornerHeight };
}

/**
 * How expressive a frame is against the most restful of the video: mouth open or wide, eyes narrowed, brows and mouth
 * corners off their usual height.
 */
function restOf(faces: readonly Readonly<Record<Side, RestFeatures>>[]): (record: FaceRecord) => number {
  const all = (side: Side, name: keyof RestFeatures): number[] => faces.map((face) => face[side][name]);
  const rest = SIDES.map((side) => ({
    side,
    narrow: quantile(all(side, 'cornerDistance'), 0.1),
    open: quantile(all(side, 'eyeAspectRatio'), 0.9),
    brow: quantile(all(side, 'browInnerHeight'), 0.5),
    corner: quantile(all(side, 'cornerHeight'), 0.5),
  }));
  return ({ face }) =>
    mean(
      rest.map(({ side, narrow, open, brow, corner }) => {
        const features = face.features[side];
        return (
          Math.max(0, features.lipGap) / 0.18 +
          // A pucker is no rest, either.
          Math.abs(features.cornerDistance - narrow) / 0.25 +
          Math.max(0, 1 - features.eyeAspectRatio / open) +
          Math.abs(features.browInnerHeight - brow) / 0.16 +
          Math.abs(features.cornerHeight - corner) / 0.25
        );
      }),
    );
}
