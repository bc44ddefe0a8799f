import { clamp, mean } from '../arithmetic.js';
import { byName } from './by-name.js';
import { ACTION_UNITS, noActionUnits, SIDES, type ActionUnit, type Side } from './units.js';

/** MediaPipe's 52 blendshapes in its order. `Left` and `Right` are the patient's when the camera did not mirror. */
export const BLENDSHAPES = [
  '_neutral',
  'browDownLeft',
  'browDownRight',
  'browInnerUp',
  'browOuterUpLeft',
  'browOuterUpRight',
  'cheekPuff',
  'cheekSquintLeft',
  'cheekSquintRight',
  'eyeBlinkLeft',
  'eyeBlinkRight',
  'eyeLookDownLeft',
  'eyeLookDownRight',
  'eyeLookInLeft',
  'eyeLookInRight',
  'eyeLookOutLeft',
  'eyeLookOutRight',
  'eyeLookUpLeft',
  'eyeLookUpRight',
  'eyeSquintLeft',
  'eyeSquintRight',
  'eyeWideLeft',
  'eyeWideRight',
  'jawForward',
  'jawLeft',
  'jawOpen',
  'jawRight',
  'mouthClose',
  'mouthDimpleLeft',
  'mouthDimpleRight',
  'mouthFrownLeft',
  'mouthFrownRight',
  'mouthFunnel',
  'mouthLeft',
  'mouthLowerDownLeft',
  'mouthLowerDownRight',
  'mouthPressLeft',
  'mouthPressRight',
  'mouthPucker',
  'mouthRight',
  'mouthRollLower',
  'mouthRollUpper',
  'mouthShrugLower',
  'mouthShrugUpper',
  'mouthSmileLeft',
  'mouthSmileRight',
  'mouthStretchLeft',
  'mouthStretchRight',
  'mouthUpperUpLeft',
  'mouthUpperUpRight',
  'noseSneerLeft',
  'noseSneerRight',
] as const;
export type Blendshape = (typeof BLENDSHAPES)[number];

type Sided =
  | 'browDown'
  | 'browOuterUp'
  | 'eyeBlink'
  | 'eyeSquint'
  | 'eyeWide'
  | 'mouthDimple'
  | 'mouthFrown'
  | 'mouthLowerDown'
  | 'mouthSmile'
  | 'mouthStretch'
  | 'mouthUpperUp';
type Medial = 'browInnerUp' | 'jawOpen' | 'mouthShrugLower';

/** Which blendshape stands for a unit. */
export type BlendshapeUnit = {
  readonly unit: ActionUnit;
  /** The blendshape's value that counts as 5. */ readonly full: number;
} & (
  | { readonly kind: 'sided'; readonly blendshape: Sided }
  | { readonly kind: 'medial'; readonly blendshape: Medial; readonly split: boolean }
);

/**
 * The mapping, after the muscles that Apple's ARKit names (ARFaceAnchor.BlendShapeLocation) and the FACS manual give.
 * `medial` blendshapes exist once for both sides. `split` ones are divided by how far each side's landmarks have moved
 * (see `apportion`); the others are the same on both sides, because one bone or one sheet of muscle makes them.
 *
 * AU25 has no blendshape of its own and is the greatest of jawOpen and this side's mouthUpperUp and mouthLowerDown.
 * AU06 (cheekSquint) and AU09 (noseSneer) are not here: MediaPipe's network leaves those blendshapes at 0 on the widest
 * grin, so these two units come from geometry. AU23 has no blendshape. An eyeBlink of 0.7 is a closed eye.
 */
export const BLENDSHAPE_UNITS: readonly BlendshapeUnit[] = [
  { unit: 'AU01', kind: 'medial', blendshape: 'browInnerUp', split: true, full: 1 },
  { unit: 'AU02', kind: 'sided', blendshape: 'browOuterUp', full: 1 },
  { unit: 'AU04', kind: 'sided', blendshape: 'browDown', full: 1 },
  { unit: 'AU05', kind: 'sided', blendshape: 'eyeWide', full: 1 },
  { unit: 'AU07', kind: 'sided', blendshape: 'eyeSquint', full: 1 },
  { unit: 'AU10', kind: 'sided', blendshape: 'mouthUpperUp', full: 1 },
  { unit: 'AU12', kind: 'sided', blendshape: 'mouthSmile', full: 1 },
  { unit: 'AU14', kind: 'sided', blendshape: 'mouthDimple', full: 1 },
  { unit: 'AU15', kind: 'sided', blendshape: 'mouthFrown', full: 1 },
  { unit: 'AU16', kind: 'sided', blendshape: 'mouthLowerDown', full: 1 },
  { unit: 'AU17', kind: 'medial', blendshape: 'mouthShrugLower', split: false, full: 1 },
  { unit: 'AU20', kind: 'sided', blendshape: 'mouthStretch', full: 1 },
  { unit: 'AU26', kind: 'medial', blendshape: 'jawOpen', split: false, full: 1 },
  { unit: 'AU45', kind: 'sided', blendshape: 'eyeBlink', full: 0.7 },
];

/** Values of the units' blendshapes for one half of the face, 0 to 1, before the neutral face is taken off. */
export type BlendshapeActivations = Record<ActionUnit, number | null>;

/**
 * The blendshapes that stand for each unit on one side.
 *
 * @param blendshapes 52 values in the order of `BLENDSHAPES`
 * @param side `left` or `right` in the blendshapes' own sense
 */
export function blendshapeActivations(blendshapes: Float32Array, side: Side): BlendshapeActivations {
  const valueOf = (name: Blendshape): number => {
    const value = blendshapes[BLENDSHAPES.indexOf(name)] ?? NaN;
    return Number.isFinite(value) ? value : 0;
  };
  const suffix = side === 'left' ? 'Left' : 'Right';
  const activations = noActionUnits();
  for (const mapped of BLENDSHAPE_UNITS) {
    const name = mapped.kind === 'sided' ? (`${mapped.blendshape}${suffix}` as const) : mapped.blendshape;
    activations[mapped.unit] = valueOf(name);
  }
  activations.AU25 = Math.max(valueOf('jawOpen'), valueOf(`mouthUpperUp${suffix}`), valueOf(`mouthLowerDown${suffix}`));
  return activations;
}

/** The same for a face that is even: the mean of its sides. */
export function evenActivations(blendshapes: Float32Array): BlendshapeActivations {
  const [left, right] = SIDES.map((side) => blendshapeActivations(blendshapes, side));
  return byName(ACTION_UNITS, (unit) => {
    const values = [left?.[unit] ?? null, right?.[unit] ?? null].filter((value) => value !== null);
    return values.length === 0 ? null : mean(values);
  });
}

/** A blendshape as an intensity: 0 at its neutral value, 5 at its full one. */
export function intensityOf(activation: number, neutral: number, full: number): number {
  const range = Math.max(full - neutral, 0.1);
  return clamp((5 * (activation - neutral)) / range, 0, 5);
}

/** Movement in inter-ocular distances from which on landmarks tell which side of the face moved. */
const SPLIT_FROM = 0.02;

/**
 * One side's part of a value that exists once for both: the side that moved more keeps the whole of it, the other gets
 * the part that its movement is of the greater one. When neither clearly moved, both keep it.
 */
export function apportion(value: number, ownMovement: number, otherMovement: number): number {
  const greater = Math.max(ownMovement, otherMovement);
  return greater > SPLIT_FROM ? (value * Math.max(0, ownMovement)) / greater : value;
}

/**
 * What one unit's movement raises another's blendshape by, at most: a blink eyeSquint by what it raises AU45 by, a wide
 * smile mouthUpperUp by 0.75 to 0.85 of what it raises mouthSmile by.
 */
const CARRIED_OVER = { AU45: 1, AU12: 0.8 } as const;

/** An intensity without what another unit has carried over to its blendshape: AU07 of AU45, AU10 of AU12. */
export function withoutCarriedOver(intensity: number, from: keyof typeof CARRIED_OVER, other: number): number {
  return Math.max(0, intensity - CARRIED_OVER[from] * other);
}
