import type { SideFeature } from './features.js';
import type { FrameRecord } from './frame-record.js';
import { SIDES } from './units.js';

/** Mean horizontal diameter of a human iris in mm, within 0.5 mm in nearly all adults (Rüfer, Schröder & Erb 2005). */
export const IRIS_DIAMETER_MM = 11.7;

/** `mm` by the iris, or `iod`: inter-ocular distances, between the middles of the two eyes. */
export type LengthUnit = 'mm' | 'iod';

/** One frame's line of the measures table: values by column name, null where one cannot be had. */
export interface MeasuresRow {
  /** Counts from 1. */
  readonly frame: number;
  /** Seconds from the video's start. */
  readonly timestamp: number;
  readonly success: boolean;
  readonly values: Readonly<Record<string, number | null>>;
}

interface Measure {
  readonly name: string;
  readonly feature: SideFeature;
  readonly kind: 'length' | 'angle';
  /** Whether left over right says something. */
  readonly ratio: boolean;
  /** What it is, for the sidecar and the documentation. */
  readonly meaning: string;
}

/** The distances that clinicians read off a face, as Emotrics (Guarin et al. 2018) and FACE-gram (Hadlock & Urban 2012) define them. */
export const MEASURES: readonly Measure[] = [
  {
    name: 'brow_height',
    feature: 'browMiddleHeight',
    kind: 'length',
    ratio: true,
    meaning: 'middle of the brow above the line between the eye corners',
  },
  {
    name: 'palpebral_fissure',
    feature: 'palpebralFissure',
    kind: 'length',
    ratio: true,
    meaning: 'opening between the lids, mean of three places along them',
  },
  {
    name: 'commissure_lateral',
    feature: 'cornerDistance',
    kind: 'length',
    ratio: true,
    meaning: 'corner of the mouth from the midline, positive outwards',
  },
  {
    name: 'commissure_height',
    feature: 'cornerHeight',
    kind: 'length',
    ratio: false,
    meaning: 'corner of the mouth above the eye line, negative below',
  },
  {
    name: 'lower_lip_height',
    feature: 'lowerLipHeight',
    kind: 'length',
    ratio: false,
    meaning: 'lower border of the lower lip beside its middle, above the eye line, negative below',
  },
  {
    name: 'commissure_excursion',
    feature: 'commissureExcursion',
    kind: 'length',
    ratio: true,
    meaning: "from the middle of the lower lip's border to the corner of the mouth",
  },
  {
    name: 'smile_angle',
    feature: 'smileAngle',
    kind: 'angle',
    ratio: true,
    meaning: 'of that line from straight down, 90 degrees when level',
  },
  {
    name: 'philtrum_deviation',
    feature: 'philtrumDeviation',
    kind: 'length',
    ratio: false,
    meaning: "upper lip's middle off the midline, positive to the named side",
  },
];

/** Names of the measures table's value columns, each with its unit. */
export function measureColumns(unit: LengthUnit): readonly string[] {
  return MEASURES.flatMap((measure) => [
    ...SIDES.map((side) => columnOf(measure, side, unit)),
    ...(measure.ratio ? [`${measure.name}_left_right_ratio`] : []),
  ]);
}

function columnOf(measure: Measure, side: string, unit: LengthUnit): string {
  return `${measure.name}_${side}_${measure.kind === 'angle' ? 'deg' : unit}`;
}

/**
 * The measures of one frame.
 *
 * @param lengthOfOne what one inter-ocular distance is in `unit` (1 for `iod`)
 */
export function measuresRow(record: FrameRecord, unit: LengthUnit, lengthOfOne: number): MeasuresRow {
  const values: Record<string, number | null> = {};
  for (const measure of MEASURES) {
    const factor = measure.kind === 'angle' ? 1 : lengthOfOne;
    const [left, right] = SIDES.map((side) => (record.face?.features[side][measure.feature] ?? NaN) * factor);
    values[columnOf(measure, 'left', unit)] = finite(left);
    values[columnOf(measure, 'right', unit)] = finite(right);
    if (measure.ratio) values[`${measure.name}_left_right_ratio`] = finite((left ?? NaN) / (right ?? NaN));
  }
  return { frame: record.frame, timestamp: record.timestamp, success: record.face !== null, values };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
