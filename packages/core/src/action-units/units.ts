import { byName } from './by-name.js';

/** The eighteen action units of an OpenFace 2 table, in its column order. */
export const ACTION_UNITS = [
  'AU01',
  'AU02',
  'AU04',
  'AU05',
  'AU06',
  'AU07',
  'AU09',
  'AU10',
  'AU12',
  'AU14',
  'AU15',
  'AU16',
  'AU17',
  'AU20',
  'AU23',
  'AU25',
  'AU26',
  'AU45',
] as const;

export type ActionUnit = (typeof ACTION_UNITS)[number];

/** The patient's own left and right, whatever the camera did. */
export const SIDES = ['left', 'right'] as const;
export type Side = (typeof SIDES)[number];

/** One value a unit; null where the method cannot measure the unit. */
export type ActionUnitValues = Readonly<Record<ActionUnit, number | null>>;

/** What one frame shows of one half of the face, as a row of an action unit table. */
export interface ActionUnitRow {
  /** Number of the frame, the first is 1 (as OpenFace counts). */
  readonly frame: number;
  /** Seconds from the video's start. */
  readonly timestamp: number;
  /** Probability that what was followed is a face, 0 to 1; 0 when none was found. */
  readonly confidence: number;
  /** Whether a face was found. When not, every unit is null. */
  readonly success: boolean;
  /** 0 (neutral) to 5 (as strong as it gets): an estimate of the FACS intensities A to E, not a coder's score. */
  readonly intensity: ActionUnitValues;
  /** 1 present, 0 absent; null wherever the intensity is. */
  readonly presence: ActionUnitValues;
}

const NONE: Readonly<Record<ActionUnit, number | null>> = byName(ACTION_UNITS, () => null);

/** Values of which every unit is null, to start from. */
export function noActionUnits(): Record<ActionUnit, number | null> {
  return { ...NONE };
}
