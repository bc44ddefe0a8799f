import type { MeasuredFace, IntensitySource } from './description.js';
import type { FaceFeatures, SideFeatures } from './features.js';
import type { FrameRecord } from './frame-record.js';
import { BLENDSHAPE_UNITS, apportion, intensityOf, withoutCarriedOver } from './from-blendshapes.js';
import { actionUnitsFromGeometry } from './from-geometry.js';
import type { NeutralFace } from './neutral.js';
import { PresenceDetector } from './presence.js';
import { smoothed } from './smoothing.js';
import { noActionUnits, type ActionUnit, type ActionUnitRow, type ActionUnitValues, type Side } from './units.js';

/**
 * The rows of one side's action units, in frame order: intensities against the neutral face from the video's source,
 * smoothed causally, and presence with hysteresis.
 *
 * @param records lengths in inter-ocular distances of the neutral face
 * @param neutral null when no frame has a face: then no row has values
 */
export function* actionUnitRows(
  records: Iterable<FrameRecord>,
  side: Side,
  neutral: NeutralFace | null,
  source: IntensitySource,
  measure: MeasuredFace,
): Generator<ActionUnitRow> {
  const detector = new PresenceDetector();
  for (const record of smoothed(records)) {
    const { frame, timestamp, confidence, face } = record;
    if (face === null || neutral === null) {
      detector.next(null);
      yield { frame, timestamp, confidence: 0, success: false, intensity: noActionUnits(), presence: noActionUnits() };
      continue;
    }
    const geometry = actionUnitsFromGeometry(face.features[side], neutral.features[side]);
    const intensity = intensities(source, face, side, neutral, geometry, measure);
    const presence = { ...detector.next(intensity) };
    if (face.network !== null) Object.assign(presence, known(face.network[side].presence));
    yield { frame, timestamp, confidence, success: true, intensity, presence };
  }
}

function intensities(
  source: IntensitySource,
  face: NonNullable<FrameRecord['face']>,
  side: Side,
  neutral: NeutralFace,
  geometry: ActionUnitValues,
  measure: MeasuredFace,
): ActionUnitValues {
  switch (source) {
    case 'geometry':
      return geometry;
    case 'network':
      // A network's scale is its own; of the units it lacks only the blink is a plain ratio that fits beside it.
      return {
        ...noActionUnits(),
        AU45: geometry.AU45,
        ...(face.network === null ? {} : known(face.network[side].intensity)),
      };
    case 'blendshapes':
      return fromBlendshapes(face, side, neutral, geometry, measure);
  }
}

function fromBlendshapes(
  face: NonNullable<FrameRecord['face']>,
  side: Side,
  neutral: NeutralFace,
  geometry: ActionUnitValues,
  measure: MeasuredFace,
): ActionUnitValues {
  const units = noActionUnits();
  const at = (unit: ActionUnit, full: number): number | null => {
    const value = face.activations?.[side][unit] ?? null;
    return value === null ? null : intensityOf(value, neutral.activations?.[side][unit] ?? 0, full);
  };
  for (const mapped of BLENDSHAPE_UNITS) {
    const value = at(mapped.unit, mapped.full);
    const other = side === 'left' ? 'right' : 'left';
    units[mapped.unit] =
      value !== null && mapped.kind === 'medial' && mapped.split && measure === 'whole'
        ? apportion(
            value,
            browRise(face.features, neutral.features, side),
            browRise(face.features, neutral.features, other),
          )
        : value;
  }
  // On known one-sided movements (npm run bench -- one-sided) mouthFrown stays at 0, mouthSmile is used up on a face
  // that smiles at rest, and a closed eye shows now in eyeBlink, now in the lids.
  units.AU12 = greater(units.AU12, geometry.AU12);
  units.AU15 = geometry.AU15;
  units.AU45 = greater(units.AU45, geometry.AU45);
  units.AU07 = withoutCarriedOver(units.AU07 ?? 0, 'AU45', units.AU45 ?? 0);
  units.AU10 = withoutCarriedOver(units.AU10 ?? 0, 'AU12', units.AU12 ?? 0);
  units.AU25 = at('AU25', 1);
  units.AU06 = geometry.AU06;
  units.AU09 = geometry.AU09;
  return units;
}

function greater(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function browRise(now: FaceFeatures, neutral: FaceFeatures, side: Side): number {
  const height = (features: SideFeatures): number => features.browInnerHeight;
  return height(now[side]) - height(neutral[side]);
}

/** Only the units that have a value. */
function known(values: ActionUnitValues): Partial<Record<ActionUnit, number>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
