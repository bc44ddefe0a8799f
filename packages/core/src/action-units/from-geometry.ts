import { clamp } from '../arithmetic.js';
import type { SideFeatures } from './features.js';
import { noActionUnits, type ActionUnit } from './units.js';

/** A unit's formula: how far a half of the face has moved from neutral in the unit's direction. */
export interface GeometricUnit {
  readonly unit: ActionUnit;
  /** What moves, in words, with its source. For the tables' sidecar and the documentation. */
  readonly rule: string;
  /**
   * Movement in inter-ocular distances that still counts as none: what landmarks jitter and neighbouring units carry
   * over.
   */
  readonly none: number;
  /** Movement that counts as the strongest (5). */
  readonly full: number;
  readonly movement: (now: SideFeatures, neutral: SideFeatures) => number;
}

const rise = (value: number): number => Math.max(0, value);

/**
 * Opening of the eye, over the neutral opening, above which it counts as not closed at all: squinting while smiling
 * takes a sixth of it.
 */
const OPEN_EYE = 0.85;
/** The same when closed: 0.05 of 0.25, the ends of the eye aspect ratio in Soukupová & Čech 2016. */
const CLOSED_EYE = 0.2;

/**
 * The formulas. The movements are those that the FACS manual (Ekman, Friesen & Hager 2002) gives for each unit, taken
 * from landmarks as distances against the neutral face like Tian, Kanade & Cohn 2001 and Pantic & Rothkrantz 2004;
 * person-specific neutral as in OpenFace (Baltrušaitis, Mahmoud & Robinson 2015). Where FACS lets two units move the
 * same point, the share of the other is taken off. Full movements: commissure 0.25 and brow 0.16 inter-ocular distances
 * are some 15 and 10 mm at 62 mm, the upper ends of healthy adults' smiles and brow raises.
 */
export const GEOMETRIC_UNITS: readonly GeometricUnit[] = [
  {
    unit: 'AU01',
    none: 0.02,
    full: 0.16,
    rule: 'medial brow rises against the eye line',
    movement: (now, neutral) => now.browInnerHeight - neutral.browInnerHeight,
  },
  {
    unit: 'AU02',
    none: 0.02,
    full: 0.14,
    rule: 'lateral brow rises against the eye line',
    movement: (now, neutral) => now.browOuterHeight - neutral.browOuterHeight,
  },
  {
    unit: 'AU04',
    none: 0.03,
    full: 0.14,
    rule: 'medial brow sinks and nears the midline',
    movement: (now, neutral) =>
      neutral.browInnerHeight - now.browInnerHeight + (neutral.browInnerDistance - now.browInnerDistance),
  },
  {
    unit: 'AU05',
    none: 0.01,
    full: 0.06,
    rule: 'upper lid rises against the line between the eye corners',
    movement: (now, neutral) => now.upperLidHeight - neutral.upperLidHeight,
  },
  {
    unit: 'AU06',
    none: 0.01,
    full: 0.075,
    rule:
      'cheek rises while the opening between the lids narrows (the lesser of both, the narrowing counted 1.5 times) ' +
      'and the eye is not closing',
    movement: (now, neutral) =>
      Math.min(now.cheekHeight - neutral.cheekHeight, 1.5 * (neutral.palpebralFissure - now.palpebralFissure)) *
      (1 - eyeClosure(now, neutral)),
  },
  {
    unit: 'AU07',
    none: 0.008,
    full: 0.04,
    rule: 'lower lid rises while the eye is not closing',
    movement: (now, neutral) => (now.lowerLidHeight - neutral.lowerLidHeight) * (1 - eyeClosure(now, neutral)),
  },
  {
    unit: 'AU09',
    none: 0.035,
    full: 0.1,
    rule: 'wing of the nose rises while the medial brow sinks (the lesser of both)',
    movement: (now, neutral) =>
      Math.min(now.alarHeight - neutral.alarHeight, neutral.browInnerHeight - now.browInnerHeight),
  },
  {
    unit: 'AU10',
    none: 0.02,
    full: 0.12,
    rule: "upper lip rises by more than 0.6 of the mouth corner's rise (AU12's share)",
    movement: (now, neutral) =>
      now.upperLipHeight - neutral.upperLipHeight - 0.6 * rise(now.cornerHeight - neutral.cornerHeight),
  },
  {
    unit: 'AU12',
    none: 0.02,
    full: 0.25,
    rule: 'mouth corner moves up and out, along 45 degrees (zygomaticus major); outwards counts to twice the rise',
    movement: (now, neutral) => {
      const up = now.cornerHeight - neutral.cornerHeight;
      const out = now.cornerDistance - neutral.cornerDistance;
      return (Math.min(out, 2 * rise(up)) + up) / Math.SQRT2;
    },
  },
  {
    unit: 'AU15',
    none: 0.015,
    full: 0.09,
    rule: "mouth corner sinks by more than 0.4 of the lower lip's fall (the jaw's share)",
    movement: (now, neutral) =>
      neutral.cornerHeight - now.cornerHeight - 0.4 * rise(neutral.lowerLipHeight - now.lowerLipHeight),
  },
  {
    unit: 'AU17',
    none: 0.025,
    full: 0.1,
    rule: "lower lip is pushed up by more than 0.3 of the mouth corner's rise (AU12's share)",
    movement: (now, neutral) =>
      now.lowerLipHeight - neutral.lowerLipHeight - 0.3 * rise(now.cornerHeight - neutral.cornerHeight),
  },
  {
    unit: 'AU20',
    none: 0.025,
    full: 0.14,
    rule: 'mouth corner moves out by more than it moves up (AU12) or down (AU15)',
    movement: (now, neutral) =>
      now.cornerDistance - neutral.cornerDistance - Math.abs(now.cornerHeight - neutral.cornerHeight),
  },
  {
    unit: 'AU25',
    none: 0.01,
    full: 0.18,
    rule: "lips' inner edges part",
    movement: (now, neutral) => now.lipGap - neutral.lipGap,
  },
  {
    unit: 'AU26',
    none: 0.04,
    full: 0.32,
    rule: 'chin drops from the base of the nose; one jaw, so both sides have the same value',
    movement: (now, neutral) => now.jawLength - neutral.jawLength,
  },
];

/** Rule of AU45, which is a ratio and not a movement. */
export const BLINK_RULE =
  `eye aspect ratio over its neutral value: ${OPEN_EYE} and more is open (0), ${CLOSED_EYE} and less is closed (5); ` +
  'after Soukupová & Čech 2016';

/** How far the eye is closed, 0 (open) to 1. */
function eyeClosure(now: SideFeatures, neutral: SideFeatures): number {
  const opening = now.eyeAspectRatio / neutral.eyeAspectRatio;
  return clamp((OPEN_EYE - opening) / (OPEN_EYE - CLOSED_EYE), 0, 1);
}

/**
 * Estimates the action units of one half of a face from how its landmarks differ from the neutral face's.
 *
 * @returns 0 to 5 by unit; null where the landmarks cannot tell (AU14, AU16 and AU23 always, AU06 without cheek
 *   points).
 */
export function actionUnitsFromGeometry(now: SideFeatures, neutral: SideFeatures): Record<ActionUnit, number | null> {
  const units = noActionUnits();
  for (const { unit, none, full, movement } of GEOMETRIC_UNITS) {
    units[unit] = finite(clamp((5 * (movement(now, neutral) - none)) / (full - none), 0, 5));
  }
  units.AU45 = finite(5 * eyeClosure(now, neutral));
  return units;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
