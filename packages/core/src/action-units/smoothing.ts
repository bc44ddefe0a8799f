import { mean } from '../arithmetic.js';
import { sideFeaturesOf, type FaceFeatures, type SideFeatures } from './features.js';
import type { FrameRecord } from './frame-record.js';
import { ACTION_UNITS, noActionUnits, type ActionUnitValues, type Side } from './units.js';

type Face = NonNullable<FrameRecord['face']>;

/**
 * Averages each face with the frame before and the frame after it, where those have a face: three frames, so that
 * events keep their time and landmark jitter loses two fifths of its height. What a network said is left as it is.
 */
export function* smoothed(records: Iterable<FrameRecord>): Generator<FrameRecord> {
  let before: Face | null = null;
  let current: FrameRecord | null = null;
  for (const next of records) {
    if (current !== null) yield withNeighbours(before, current, next.face);
    before = current?.face ?? null;
    current = next;
  }
  if (current !== null) yield withNeighbours(before, current, null);
}

function withNeighbours(before: Face | null, record: FrameRecord, after: Face | null): FrameRecord {
  if (record.face === null) return record;
  const faces = [before, record.face, after].filter((face) => face !== null);
  const { network } = record.face;
  const activations = record.face.activations && {
    left: meanActivations(faces, 'left'),
    right: meanActivations(faces, 'right'),
  };
  return { ...record, face: { features: meanFeatures(faces), activations, network } };
}

function meanFeatures(faces: readonly Face[]): FaceFeatures {
  const side = (name: Side): SideFeatures =>
    sideFeaturesOf((feature) => mean(faces.map((face) => face.features[name][feature])));
  return {
    left: side('left'),
    right: side('right'),
    irisDiameter: mean(faces.map((face) => face.features.irisDiameter)),
    interOcular: mean(faces.map((face) => face.features.interOcular)),
  };
}

function meanActivations(faces: readonly Face[], side: Side): ActionUnitValues {
  const means = noActionUnits();
  for (const unit of ACTION_UNITS) {
    const values = faces.map((face) => face.activations?.[side][unit] ?? null).filter((value) => value !== null);
    means[unit] = values.length === 0 ? null : mean(values);
  }
  return means;
}
