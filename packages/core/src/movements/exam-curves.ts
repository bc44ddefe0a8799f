import { ACTION_UNITS, SIDES, type ActionUnit, type Side } from '../action-units/units.js';
import { SIDE_FEATURES, type SideFeature } from '../action-units/features.js';
import type { ExpressionResult } from '../action-units/analysis.js';
import type { FrameSignals } from '../action-units/frame-record.js';
import { byName } from '../action-units/by-name.js';
import { MEASURES, isSided, measureColumn, type LengthUnit } from '../action-units/measures.js';
import type { QualityCurves } from '../quality/gate.js';

/** What is read of one side over a whole video; a number a frame, NaN where there is none. */
export interface SideCurves {
  /** Geometry in inter-ocular distances of the neutral face; see `SIDE_FEATURES`. */
  readonly features: Readonly<Record<SideFeature, Float32Array>>;
  /** Every measure, by its name in `MEASURES`, in the examination's unit. */
  readonly measures: Readonly<Record<string, Float32Array>>;
  /** Intensities as in the action unit table: neutral face taken off. */
  readonly units: Readonly<Record<ActionUnit, Float32Array>>;
  /** The same without the neutral face taken off; NaN where they come from geometry, which has no such value. */
  readonly staticUnits: Readonly<Record<ActionUnit, Float32Array>>;
}

/** The curves of one video: all arrays have a number a frame. */
export interface ExamCurves extends QualityCurves, Readonly<Record<Side, SideCurves>> {
  readonly unit: LengthUnit;
  /** Whether action units are intensities (0 to 5) or a network's own scores (0 to 1). */
  readonly unitScale: 'intensity' | 'score';
  /** The neutral stretch in seconds, and whether the user has chosen it; null when no face was found. */
  readonly neutral: { readonly start: number; readonly end: number; readonly isChosen: boolean } | null;
}

/** Reads all curves: some 500 bytes a frame. */
export function readCurves(source: ExpressionResult): ExamCurves {
  const { frames, neutral } = source;
  const empty = (): Float32Array => new Float32Array(frames).fill(NaN);
  const sideCurves = (): SideCurves => ({
    features: byName(SIDE_FEATURES, empty),
    measures: Object.fromEntries(MEASURES.filter(isSided).map(({ name }) => [name, empty()])),
    units: byName(ACTION_UNITS, empty),
    staticUnits: byName(ACTION_UNITS, empty),
  });
  const curves: ExamCurves = {
    unit: source.unit,
    unitScale: source.source === 'network' ? 'score' : 'intensity',
    neutral: neutral && { start: neutral.start, end: neutral.end, isChosen: neutral.chosen === 'by the user' },
    time: new Float64Array(frames),
    faces: new Uint8Array(frames),
    left: sideCurves(),
    right: sideCurves(),
    yaw: empty(),
    pitch: empty(),
    roll: empty(),
    interOcularPixels: empty(),
    sharpness: empty(),
    occluded: new Uint8Array(frames),
  };
  readRecords(source, curves);
  readMeasures(source, curves);
  for (const side of SIDES) readUnits(source, curves, side);
  return curves;
}

function readRecords(source: ExpressionResult, curves: ExamCurves): void {
  let i = 0;
  for (const { timestamp, face, signals } of source.records()) {
    readSignals(signals, curves, i);
    curves.time[i] = timestamp;
    curves.faces[i] = face === null ? 0 : 1;
    if (face !== null) {
      for (const side of SIDES) {
        for (const name of SIDE_FEATURES) curves[side].features[name][i] = face.features[side][name];
        for (const unit of ACTION_UNITS) {
          const value = face.activations?.[side][unit] ?? null;
          if (value !== null) curves[side].staticUnits[unit][i] = 5 * value;
          const score = face.network?.[side].intensity[unit] ?? null;
          if (score !== null) curves[side].staticUnits[unit][i] = score;
        }
      }
    }
    i++;
  }
}

function readMeasures(source: ExpressionResult, curves: ExamCurves): void {
  const columns = SIDES.flatMap((side) =>
    MEASURES.map((measure) => ({
      into: curves[side].measures[measure.name],
      column: measureColumn(measure, side, source.unit),
    })),
  );
  let i = 0;
  for (const { values } of source.measures()) {
    for (const { into, column } of columns) if (into !== undefined) into[i] = values[column] ?? NaN;
    i++;
  }
}

function readUnits(source: ExpressionResult, curves: ExamCurves, side: Side): void {
  let i = 0;
  for (const { intensity } of source.actionUnits(side)) {
    for (const unit of ACTION_UNITS) curves[side].units[unit][i] = intensity[unit] ?? NaN;
    i++;
  }
}

function readSignals(signals: FrameSignals, curves: ExamCurves, i: number): void {
  curves.yaw[i] = signals.yaw;
  curves.pitch[i] = signals.pitch;
  curves.roll[i] = signals.roll;
  curves.interOcularPixels[i] = signals.interOcularPixels;
  curves.sharpness[i] = signals.sharpness;
  curves.occluded[i] = signals.isOccluded ? 1 : 0;
}

/** Median time between frames in seconds; NaN of fewer than two. */
export function frameInterval({ time }: Pick<ExamCurves, 'time'>): number {
  const intervals = Float64Array.from(time.subarray(1), (at, i) => at - (time[i] ?? NaN)).sort();
  return intervals[Math.floor(intervals.length / 2)] ?? NaN;
}
