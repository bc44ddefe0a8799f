import type { ActionUnit } from '../action-units/units.js';

/** The movements of a facial examination, in the order in which they are usually asked for. */
export const MOVEMENT_CODES = [
  'RE',
  'ES',
  'ET',
  'SS',
  'BS',
  'SO',
  'SE',
  'FR',
  'BK',
  'WN',
  'PL',
  'BC',
  'LT',
  'BL',
] as const;
export type MovementCode = (typeof MOVEMENT_CODES)[number];

/** What is known of a kind of movement. */
export interface MovementKind {
  readonly name: string;
  /**
   * Action units that should peak in it. Pucker is AU18, which an OpenFace table lacks; chin raiser, AU17, comes with
   * it.
   */
  readonly units: readonly ActionUnit[];
  /** Where the face moves; `none` for the baseline. */
  readonly region: 'brows' | 'eyes' | 'nose' | 'mouth' | 'none';
  /** Measures that the movement is judged by, most telling first; names as in `MEASURES`. */
  readonly measures: readonly string[];
  /** Part of the peak from which on the movement counts as held, 0 to 1. */
  readonly heldFrom: number;
}

/**
 * The fourteen kinds. Action units and codes are those of clinical coders of facial palsy videos; pucker is found by
 * the width of the mouth.
 */
export const MOVEMENT_KINDS: Readonly<Record<MovementCode, MovementKind>> = {
  RE: kind('raise eyebrows', 'brows', ['AU01', 'AU02'], ['brow_height']),
  ES: kind('close eyes softly', 'eyes', ['AU45'], ['palpebral_fissure']),
  ET: kind('close eyes tightly', 'eyes', ['AU07', 'AU45'], ['palpebral_fissure']),
  SS: kind('soft smile', 'mouth', ['AU12'], ['commissure_travel'], 0.8),
  BS: kind('big smile', 'mouth', ['AU07', 'AU12', 'AU25'], ['commissure_travel']),
  SO: kind('say "oh"', 'mouth', ['AU25', 'AU26'], ['dental_show', 'lower_lip_height']),
  SE: kind('say "ee"', 'mouth', ['AU20', 'AU25'], ['commissure_lateral', 'commissure_travel']),
  FR: kind('frown', 'brows', ['AU04'], ['brow_height']),
  BK: kind('blink', 'eyes', ['AU45'], ['palpebral_fissure']),
  WN: kind('wrinkle nose', 'nose', ['AU09'], ['alar_height', 'brow_height']),
  PL: kind('pucker lips', 'mouth', ['AU17'], ['commissure_lateral', 'commissure_travel']),
  BC: kind('blow cheeks', 'mouth', ['AU23'], []),
  LT: kind('show lower teeth', 'mouth', ['AU15'], ['lower_lip_height']),
  BL: kind('baseline', 'none', [], []),
};

function kind(
  name: string,
  region: MovementKind['region'],
  units: readonly ActionUnit[],
  measures: readonly string[],
  heldFrom = 0.65,
): MovementKind {
  return { name, units, region, measures, heldFrom };
}

/** Whether a text is one of the fourteen codes. */
export function isMovementCode(text: string): text is MovementCode {
  return (MOVEMENT_CODES as readonly string[]).includes(text);
}
