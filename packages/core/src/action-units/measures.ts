import type { FaceFeatures, SideFeature } from './features.js';
import type { FrameRecord } from './frame-record.js';
import { SIDES, type Side } from './units.js';

/** Mean horizontal diameter of a human iris in mm, within 0.5 mm in nearly all adults (Rüfer, Schröder & Erb 2005). */
export const IRIS_DIAMETER_MM = 11.7;

/** `mm` by the iris, or `iod`: inter-ocular distances, between the middles of the two eyes. */
export type LengthUnit = 'mm' | 'iod';

/** One frame's line of the measures table: values by column name, null where there is none. */
export interface MeasuresRow {
  /** Counts from 1. */
  readonly frame: number;
  /** Seconds from the video's start. */
  readonly timestamp: number;
  readonly success: boolean;
  readonly values: Readonly<Record<string, number | null>>;
}

/** What a measure is made of: a feature, how far features are from their own rest, or how much two sides differ. */
type MeasureValue =
  | { readonly of: 'feature'; readonly feature: SideFeature }
  | { readonly of: 'travel'; readonly features: readonly SideFeature[] }
  | { readonly of: 'difference'; readonly feature: SideFeature; readonly sign: 'left less right' | 'none' };

/** One measure: an entry here is all that a new one needs. */
export interface Measure {
  readonly name: string;
  readonly value: MeasureValue;
  readonly kind: 'length' | 'angle' | 'area';
  /** Whether left over right says something. */
  readonly ratio: boolean;
  /** What it is, for the sidecar and the documentation. */
  readonly meaning: string;
  /** Of the definition; goes up when numbers change. */
  readonly version: number;
}

/** Whether a measure has a value for each side, not one for the face. */
export function isSided({ value }: Measure): boolean {
  return value.of !== 'difference';
}

/**
 * The distances that clinicians read off a face, as Emotrics (Guarin et al. 2018) and FACE-gram (Hadlock & Urban 2012)
 * define them.
 */
export const MEASURES: readonly Measure[] = [
  {
    name: 'brow_height',
    value: { of: 'feature', feature: 'browMiddleHeight' },
    kind: 'length',
    ratio: true,
    meaning: 'middle of the brow above the line between the eye corners',
    version: 1,
  },
  {
    name: 'palpebral_fissure',
    value: { of: 'feature', feature: 'palpebralFissure' },
    kind: 'length',
    ratio: true,
    meaning: 'opening between the lids, mean of three places along them',
    version: 1,
  },
  {
    name: 'commissure_lateral',
    value: { of: 'feature', feature: 'cornerDistance' },
    kind: 'length',
    ratio: true,
    meaning: 'corner of the mouth from the midline, positive outwards',
    version: 1,
  },
  {
    name: 'commissure_height',
    value: { of: 'feature', feature: 'cornerHeight' },
    kind: 'length',
    ratio: false,
    meaning: 'corner of the mouth above the eye line, negative below',
    version: 1,
  },
  {
    name: 'lower_lip_height',
    value: { of: 'feature', feature: 'lowerLipHeight' },
    kind: 'length',
    ratio: false,
    meaning: 'lower border of the lower lip beside its middle, above the eye line, negative below',
    version: 1,
  },
  {
    name: 'commissure_excursion',
    value: { of: 'feature', feature: 'commissureExcursion' },
    kind: 'length',
    ratio: true,
    meaning: "from the middle of the lower lip's border to the corner of the mouth",
    version: 1,
  },
  {
    name: 'smile_angle',
    value: { of: 'feature', feature: 'smileAngle' },
    kind: 'angle',
    ratio: true,
    meaning: 'of that line from straight down, 90 degrees when level',
    version: 1,
  },
  {
    name: 'philtrum_deviation',
    value: { of: 'feature', feature: 'philtrumDeviation' },
    kind: 'length',
    ratio: false,
    meaning: "upper lip's middle off the midline, positive to the named side",
    version: 1,
  },
  {
    name: 'mrd1',
    value: { of: 'feature', feature: 'upperMarginDistance' },
    kind: 'length',
    ratio: true,
    meaning: "pupil's centre to the margin of the upper lid (Guarin et al. 2018)",
    version: 1,
  },
  {
    name: 'mrd2',
    value: { of: 'feature', feature: 'lowerMarginDistance' },
    kind: 'length',
    ratio: true,
    meaning: "pupil's centre to the margin of the lower lid (Guarin et al. 2018)",
    version: 1,
  },
  {
    name: 'eye_area',
    value: { of: 'feature', feature: 'eyeArea' },
    kind: 'area',
    ratio: true,
    meaning: 'area between the lids, by eight points',
    version: 1,
  },
  {
    name: 'dental_show',
    value: { of: 'feature', feature: 'innerLipArea' },
    kind: 'area',
    ratio: true,
    meaning: "area between the lips' inner edges on this side of the midline",
    version: 1,
  },
  {
    name: 'alar_height',
    value: { of: 'feature', feature: 'alarHeight' },
    kind: 'length',
    ratio: false,
    meaning: 'wing of the nose above the eye line, negative below',
    version: 1,
  },
  {
    name: 'canthus_commissure',
    value: { of: 'feature', feature: 'canthusToCommissure' },
    kind: 'length',
    ratio: true,
    meaning: 'inner corner of the eye to the corner of the mouth',
    version: 1,
  },
  {
    name: 'commissure_travel',
    value: { of: 'travel', features: ['cornerHeight', 'cornerDistance'] },
    kind: 'length',
    ratio: true,
    meaning: 'corner of the mouth from where it is at rest',
    version: 1,
  },
  {
    name: 'brow_travel',
    value: { of: 'travel', features: ['browMiddleHeight'] },
    kind: 'length',
    ratio: true,
    meaning: 'middle of the brow from where it is at rest, either way',
    version: 1,
  },
  {
    name: 'commissure_height_difference',
    value: { of: 'difference', feature: 'cornerHeight', sign: 'left less right' },
    kind: 'length',
    ratio: false,
    meaning: 'left corner of the mouth above the right one, negative below',
    version: 1,
  },
  {
    name: 'fai',
    value: { of: 'difference', feature: 'canthusToCommissure', sign: 'none' },
    kind: 'length',
    ratio: false,
    meaning:
      'facial asymmetry index: difference of the two lengths from inner eye corner to mouth corner (Malm et al. 2018)',
    version: 1,
  },
];

/** Names of the measures table's value columns, each with its unit. */
export function measureColumns(unit: LengthUnit): readonly string[] {
  const measured = MEASURES.flatMap((measure) => [
    ...(isSided(measure)
      ? SIDES.map((side) => measureColumn(measure, side, unit))
      : [`${measure.name}_${unitOfMeasure(measure, unit)}`]),
    ...(measure.ratio ? [`${measure.name}_left_right_ratio`] : []),
  ]);
  return [...measured, ...HEAD_COLUMNS];
}

/** The head's turns in degrees, the patient's; see `HeadAngles`. */
const HEAD_COLUMNS = ['head_yaw_deg', 'head_pitch_deg', 'head_roll_deg'] as const;

/** Unit of a measure's values. */
export function unitOfMeasure({ kind }: Measure, unit: LengthUnit): 'deg' | LengthUnit | `${LengthUnit}2` {
  return kind === 'angle' ? 'deg' : kind === 'area' ? `${unit}2` : unit;
}

/** Name of the column of one side. */
export function measureColumn(measure: Measure, side: Side, unit: LengthUnit): string {
  return `${measure.name}_${side}_${unitOfMeasure(measure, unit)}`;
}

/**
 * The measures of one frame.
 *
 * @param neutral the face at rest, which travel is measured from
 * @param lengthOfOne what one inter-ocular distance is in `unit` (1 for `iod`)
 */
export function measuresRow(
  record: FrameRecord,
  neutral: FaceFeatures | null,
  unit: LengthUnit,
  lengthOfOne: number,
): MeasuresRow {
  const values: Record<string, number | null> = {};
  for (const measure of MEASURES) {
    const factor = measure.kind === 'angle' ? 1 : measure.kind === 'area' ? lengthOfOne ** 2 : lengthOfOne;
    const [left = NaN, right = NaN] = SIDES.map((side) => factor * valueOf(measure, record, neutral, side));
    if (measure.value.of === 'difference') {
      const difference = measure.value.sign === 'none' ? Math.abs(left - right) : left - right;
      values[`${measure.name}_${unitOfMeasure(measure, unit)}`] = finite(difference);
    } else {
      values[measureColumn(measure, 'left', unit)] = finite(left);
      values[measureColumn(measure, 'right', unit)] = finite(right);
    }
    if (measure.ratio) values[`${measure.name}_left_right_ratio`] = finite(left / right);
  }
  const { yaw, pitch, roll } = record.signals;
  [yaw, pitch, roll].forEach((degrees, i) => (values[HEAD_COLUMNS[i] ?? ''] = finite(degrees)));
  return { frame: record.frame, timestamp: record.timestamp, success: record.face !== null, values };
}

function valueOf({ value }: Measure, { face }: FrameRecord, neutral: FaceFeatures | null, side: Side): number {
  if (face === null) return NaN;
  const now = face.features[side];
  if (value.of !== 'travel') return now[value.feature];
  return Math.hypot(...value.features.map((feature) => now[feature] - (neutral?.[side][feature] ?? NaN)));
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
