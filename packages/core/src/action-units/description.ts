import type { Camera } from '../face/observation.js';
import { BLENDSHAPE_UNITS } from './from-blendshapes.js';
import { BLINK_RULE, GEOMETRIC_UNITS } from './from-geometry.js';
import { IRIS_DIAMETER_MM, MEASURES, type LengthUnit } from './measures.js';
import type { NeutralFace } from './neutral.js';
import type { ActionUnit } from './units.js';
import { BLINK_PRESENCE, PRESENCE } from './presence.js';

/**
 * `mirrored`: each side is measured on the face made of it and its mirror image; `whole`: both on the face as it is.
 */
export const MEASURED_FACES = ['mirrored', 'whole'] as const;
export type MeasuredFace = (typeof MEASURED_FACES)[number];

/** Where the intensities of a video come from. */
export type IntensitySource = 'network' | 'blendshapes' | 'geometry';

/** How the tables' values came about: what a reader must know who has only the CSV files and their sidecar. */
export function describeAnalysis(
  source: IntensitySource,
  neutral: NeutralFace | null,
  unit: LengthUnit,
  camera: Camera,
  measure: MeasuredFace,
): Readonly<Record<string, unknown>> {
  return {
    actionUnits: {
      source,
      scale:
        source === 'network'
          ? "the network's own"
          : "0 (neutral) to 5: an estimate of FACS intensity, not a coder's score",
      sides: "the patient's own; each table describes the face made of that half",
      camera,
      smoothing: 'mean of three frames',
      presence: { default: PRESENCE, AU45: BLINK_PRESENCE },
      rules: rulesOf(source),
    },
    measures: {
      measure,
      unit:
        unit === 'mm'
          ? `mm, by an iris of ${IRIS_DIAMETER_MM} mm`
          : 'inter-ocular distances (between the middles of the eyes)',
      interOcularMillimetres:
        unit === 'mm' && neutral !== null
          ? Number((IRIS_DIAMETER_MM / neutral.features.irisDiameter).toFixed(2))
          : null,
      smoothing: 'none',
      columns: Object.fromEntries(MEASURES.map(({ name, meaning }) => [name, meaning])),
    },
    neutral:
      neutral === null
        ? null
        : { chosen: neutral.chosen, startSeconds: neutral.start, endSeconds: neutral.end, frames: neutral.frames },
  };
}

function rulesOf(source: IntensitySource): Record<string, string> {
  const geometry: Record<string, string> = Object.fromEntries(
    GEOMETRIC_UNITS.map(({ unit, rule, none, full }) => [
      unit,
      `${rule}; ${none} inter-ocular distances are 0, ${full} are 5`,
    ]),
  );
  geometry.AU45 = BLINK_RULE;
  switch (source) {
    case 'geometry':
      return geometry;
    case 'network':
      return { AU45: BLINK_RULE };
    case 'blendshapes':
      return {
        ...Object.fromEntries(BLENDSHAPE_UNITS.map((mapped) => [mapped.unit, blendshapeRule(mapped)])),
        AU12: `${blendshapeRuleOf('AU12')}; or, where that is more, from geometry: ${geometry.AU12 ?? ''}`,
        AU15: `from geometry: ${geometry.AU15 ?? ''}`,
        AU45: `${blendshapeRuleOf('AU45')}; or, where that is more, ${BLINK_RULE}`,
        AU25: 'greatest of jawOpen, mouthUpperUp and mouthLowerDown of the side',
        AU06: `from geometry: ${geometry.AU06 ?? ''}`,
        AU09: `from geometry: ${geometry.AU09 ?? ''}`,
      };
  }
}

function blendshapeRuleOf(unit: ActionUnit): string {
  return BLENDSHAPE_UNITS.filter((mapped) => mapped.unit === unit)
    .map(blendshapeRule)
    .join('');
}

function blendshapeRule(mapped: (typeof BLENDSHAPE_UNITS)[number]): string {
  if (mapped.kind === 'sided') return `${mapped.blendshape} of the side; its neutral value is 0, ${mapped.full} is 5`;
  const shared = mapped.split
    ? 'one value for both sides, given whole to the side whose medial brow rises more and in proportion to the other'
    : 'one value for both sides';
  return `${mapped.blendshape}, ${shared}; its neutral value is 0, ${mapped.full} is 5`;
}
