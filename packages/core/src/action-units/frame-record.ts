import { SIDE_FEATURES, sideFeaturesOf, type FaceFeatures, type SideFeatures } from './features.js';
import { ACTION_UNITS, SIDES, noActionUnits, type ActionUnitRow, type ActionUnitValues, type Side } from './units.js';

/** What is kept of one frame until the neutral face is known. */
export interface FrameRecord {
  /** Counts from 1. */
  readonly frame: number;
  /** Seconds. */
  readonly timestamp: number;
  readonly confidence: number;
  readonly signals: FrameSignals;
  /** Null when no face was found. */
  readonly face: {
    readonly features: FaceFeatures;
    /** Blendshapes that stand for each unit (0 to 1), when the suite has them. */
    readonly activations: Readonly<Record<Side, ActionUnitValues>> | null;
    /** What a network of action units said of each mirrored face, when the suite has one. */
    readonly network: NetworkUnits | null;
  } | null;
}

/** What is known of a frame besides the measures of its face; NaN where unknown, or without a face. */
export interface FrameSignals {
  /** Degrees, the patient's; see `HeadAngles`. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** Between the middles of the eyes, in pixels, by the size of the whole head. */
  readonly interOcularPixels: number;
  /** See `faceSharpness`. */
  readonly sharpness: number;
  /** Something covers a part of the face. */
  readonly isOccluded: boolean;
}

/** Of a frame of which nothing is known. */
export const NO_SIGNALS: FrameSignals = {
  yaw: NaN,
  pitch: NaN,
  roll: NaN,
  interOcularPixels: NaN,
  sharpness: NaN,
  isOccluded: false,
};

/** What a network of action units said of the face made of each half. */
export type NetworkUnits = Readonly<Record<Side, Pick<ActionUnitRow, 'intensity' | 'presence'>>>;

// A record's parts: frame, timestamp, confidence, what it holds (a sum of FLAGs), iris, eyes, signals; features,
// activations, network.
const HEAD = 12;
const FEATURES = HEAD;
const ACTIVATIONS = FEATURES + 2 * SIDE_FEATURES.length;
const NETWORK = ACTIVATIONS + 2 * ACTION_UNITS.length;
const FACE_FLAG = 1;
const ACTIVATIONS_FLAG = 2;
const NETWORK_FLAG = 4;

/** Numbers in a packed record. */
export const RECORD_WIDTH = NETWORK + 4 * ACTION_UNITS.length;

/** Writes a record as `RECORD_WIDTH` numbers. */
export function packRecord(record: FrameRecord, into: Float64Array): void {
  into.fill(NaN);
  const { face } = record;
  into[0] = record.frame;
  into[1] = record.timestamp;
  into[2] = record.confidence;
  into[3] = 0;
  const { yaw, pitch, roll, interOcularPixels, sharpness, isOccluded } = record.signals;
  into.set([yaw, pitch, roll, interOcularPixels, sharpness, isOccluded ? 1 : 0], 6);
  if (face === null) return;
  into[3] = FACE_FLAG + (face.activations === null ? 0 : ACTIVATIONS_FLAG) + (face.network === null ? 0 : NETWORK_FLAG);
  into[4] = face.features.irisDiameter;
  into[5] = face.features.interOcular;
  for (const [s, side] of SIDES.entries()) {
    SIDE_FEATURES.forEach((name, i) => (into[FEATURES + s * SIDE_FEATURES.length + i] = face.features[side][name]));
    if (face.activations !== null) packUnits(face.activations[side], into, ACTIVATIONS, s);
    if (face.network !== null) {
      packUnits(face.network[side].intensity, into, NETWORK, s);
      packUnits(face.network[side].presence, into, NETWORK, 2 + s);
    }
  }
}

/** Reads a packed record. */
export function unpackRecord(values: Float64Array): FrameRecord {
  const at = (i: number): number => values[i] ?? NaN;
  const holds = at(3);
  const sideFeatures = (s: number): SideFeatures =>
    sideFeaturesOf((_, i) => at(FEATURES + s * SIDE_FEATURES.length + i));
  const units = (start: number, block: number): ActionUnitValues => {
    const unpacked = noActionUnits();
    ACTION_UNITS.forEach((unit, i) => {
      const value = at(start + block * ACTION_UNITS.length + i);
      unpacked[unit] = Number.isNaN(value) ? null : value;
    });
    return unpacked;
  };
  const signals = {
    yaw: at(6),
    pitch: at(7),
    roll: at(8),
    interOcularPixels: at(9),
    sharpness: at(10),
    isOccluded: at(11) === 1,
  };
  const base = { frame: at(0), timestamp: at(1), confidence: at(2), signals };
  if ((holds & FACE_FLAG) === 0) return { ...base, face: null };
  return {
    ...base,
    face: {
      features: { left: sideFeatures(0), right: sideFeatures(1), irisDiameter: at(4), interOcular: at(5) },
      activations:
        (holds & ACTIVATIONS_FLAG) === 0 ? null : { left: units(ACTIVATIONS, 0), right: units(ACTIVATIONS, 1) },
      network:
        (holds & NETWORK_FLAG) === 0
          ? null
          : {
              left: { intensity: units(NETWORK, 0), presence: units(NETWORK, 2) },
              right: { intensity: units(NETWORK, 1), presence: units(NETWORK, 3) },
            },
    },
  };
}

function packUnits(units: ActionUnitValues, into: Float64Array, start: number, block: number): void {
  ACTION_UNITS.forEach((unit, i) => (into[start + block * ACTION_UNITS.length + i] = units[unit] ?? NaN));
}
