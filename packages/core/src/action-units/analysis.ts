import { mean } from '../arithmetic.js';
import type { Camera, FaceObservation } from '../face/observation.js';
import {
  faceFeatures,
  inInterOculars,
  mirroredFeatures,
  type FaceFeatures,
  type MirroredObservation,
} from './features.js';
import {
  NO_SIGNALS,
  packRecord,
  RECORD_WIDTH,
  unpackRecord,
  type FrameRecord,
  type FrameSignals,
  type NetworkUnits,
} from './frame-record.js';
import { actionUnitRows } from './action-unit-rows.js';
import { blendshapeActivations, evenActivations } from './from-blendshapes.js';
import { describeAnalysis, type IntensitySource, type MeasuredFace } from './description.js';
import { IRIS_DIAMETER_MM, measureColumns, measuresRow, type LengthUnit, type MeasuresRow } from './measures.js';
import { findNeutral, type NeutralFace } from './neutral.js';
import type { NeutralChoice } from './neutral-window.js';
import type { RecordStore } from './record-store.js';
import { SIDES, type ActionUnitRow, type ActionUnitValues, type Side } from './units.js';

/** How the tables are to be made. */
export interface ExpressionOptions {
  readonly neutral: NeutralChoice;
  /** `mirrored` for a selfie video that shows the face as a mirror does: the sides change places. */
  readonly camera: Camera;
  /** Give distances in mm by the diameter of the iris (11.7 mm); needs `mediapipe-478` landmarks. */
  readonly iris: boolean;
}

/** What the whole video gave, to be read as often as needed until the analysis is closed. */
export interface ExpressionResult {
  /** Rows in frame order for the face made of that half of the patient's face (`left` for `_left_mirrored`). */
  actionUnits(side: Side): Iterable<ActionUnitRow>;
  /** Rows in frame order, each with a value for every one of `measureColumns`. */
  measures(): Iterable<MeasuresRow>;
  readonly measureColumns: readonly string[];
  /** What was seen in every frame, in order, with lengths in inter-ocular distances of the neutral face. */
  records(): Iterable<FrameRecord>;
  readonly frames: number;
  readonly unit: LengthUnit;
  readonly source: IntensitySource;
  /** Null when no frame has a face. */
  readonly neutral: NeutralFace | null;
  /** How the values came about, for the tables' sidecar JSON. */
  readonly description: Readonly<Record<string, unknown>>;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/**
 * Takes what was seen of the followed face frame by frame, in order, and gives the tables once the whole video was seen
 * (the neutral face may lie anywhere in it). Keeps some numbers a frame, in a temporary file beyond some thousand
 * frames, so memory does not grow with the video's length. The landmarks are to be those of the frame alone: averaging
 * them over frames before would flatten blinks.
 */
export class ExpressionAnalysis {
  readonly #options: ExpressionOptions;
  readonly #log: RecordStore;
  readonly #packed = new Float64Array(RECORD_WIDTH);
  #source: IntensitySource = 'geometry';
  #measure: MeasuredFace = 'whole';

  /** @param records makes the store for records of that many numbers; the analysis closes it. */
  constructor(options: ExpressionOptions, records: (width: number) => RecordStore) {
    this.#options = options;
    this.#log = records(RECORD_WIDTH);
  }

  /**
   * The next frame.
   *
   * @param frame counts from 1
   * @param timestamp seconds from the video's start
   * @param face null when no face was found in the frame
   * @param mirrored what was seen of its mirrored faces, where the sides are to be measured on those
   * @param network what a network of action units said of each mirrored face, for suites that have one
   * @param signals pose, size and sharpness of the face
   * @returns what is kept of the frame
   * @throws FaceMirrorError `DISK_FULL` or `FILE_UNWRITABLE` when the temporary file cannot grow
   */
  add(
    frame: number,
    timestamp: number,
    face: FaceObservation | null,
    {
      mirrored = null,
      network = null,
      signals = NO_SIGNALS,
    }: {
      readonly mirrored?: MirroredObservation | null;
      readonly network?: NetworkUnits | null;
      readonly signals?: FrameSignals;
    } = {},
  ): FrameRecord {
    if (mirrored !== null) this.#measure = 'mirrored';
    const features = face === null ? null : this.#features(face, mirrored);
    const base = { frame, timestamp, signals };
    const record =
      face === null || features === null
        ? { ...base, confidence: 0, face: null }
        : {
            ...base,
            confidence: face.confidence,
            face: { features, activations: this.#activations(face, mirrored), network },
          };
    if (record.face !== null) this.#source = sourceOf(this.#source, record.face);
    packRecord(record, this.#packed);
    this.#log.append(this.#packed);
    return record;
  }

  /** Finds the neutral face and makes the tables readable. */
  finish(): ExpressionResult {
    return expressionOf(() => unpacked(this.#log), this.#options, this.#source, this.#measure);
  }

  /** Frees what is held; results must not be read afterwards. */
  close(): void {
    this.#log.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Null also for a face without mirrored ones in a video whose sides are measured on those. */
  #features(face: FaceObservation, mirrored: MirroredObservation | null): FaceFeatures | null {
    const { camera } = this.#options;
    if (mirrored !== null) return mirroredFeatures(mirrored, camera);
    return this.#measure === 'mirrored' ? null : faceFeatures(face.landmarks, camera);
  }

  /** By the patient's sides: the network's own are right for a camera that does not mirror. */
  #activations(
    face: FaceObservation,
    mirrored: MirroredObservation | null,
  ): Readonly<Record<Side, ActionUnitValues>> | null {
    const [left, right] =
      mirrored === null
        ? SIDES.map((side) => face.blendshapes && blendshapeActivations(face.blendshapes, side))
        : // What an unmirrored camera shows on the right is the patient's left.
          [mirrored.mirrored.right, mirrored.mirrored.left].map(
            (half) => half?.blendshapes && evenActivations(half.blendshapes),
          );
    if (!left || !right) return null;
    if (mirrored !== null) {
      // One jaw and one sheet of muscle: both faces show the same.
      for (const unit of ['AU17', 'AU26'] as const)
        left[unit] = right[unit] = mean([left[unit] ?? 0, right[unit] ?? 0]);
    }
    return this.#options.camera === 'normal' ? { left, right } : { left: right, right: left };
  }
}

/** Where intensities come from, when a frame has these. */
function sourceOf(before: IntensitySource, face: NonNullable<FrameRecord['face']>): IntensitySource {
  if (face.network !== null) return 'network';
  return face.activations !== null && before === 'geometry' ? 'blendshapes' : before;
}

/** The source of a whole video's intensities. */
export function intensitySourceOf(records: Iterable<FrameRecord>): IntensitySource {
  let source: IntensitySource = 'geometry';
  for (const { face } of records) if (face !== null) source = sourceOf(source, face);
  return source;
}

/**
 * Finds the neutral face in what was recorded of a video and makes the tables readable.
 *
 * @param recorded gives the records of the whole video, first to last, each time it is called; lengths as they were
 *   measured
 */
export function expressionOf(
  recorded: () => Iterable<FrameRecord>,
  options: ExpressionOptions,
  source: IntensitySource,
  measured: MeasuredFace,
): ExpressionResult {
  const { neutral: found, missed } = findNeutral(() => scaled(recorded(), 1), options.neutral);
  const interOcular = found?.features.interOcular ?? 1;
  const neutral = found && { ...found, features: inInterOculars(found.features, interOcular) };
  const records = (): Iterable<FrameRecord> => scaled(recorded(), interOcular);
  const millimetres = neutral === null ? NaN : IRIS_DIAMETER_MM / neutral.features.irisDiameter;
  const unit: LengthUnit = options.iris && Number.isFinite(millimetres) ? 'mm' : 'iod';
  const warnings: string[] = [];
  let frames = 0;
  let end = 0;
  for (const { timestamp } of recorded()) {
    frames++;
    end = timestamp;
  }
  if (missed) warnings.push(missedNeutral(options.neutral, end));
  if (options.iris && unit !== 'mm' && neutral !== null) {
    warnings.push(
      'These landmarks have no irises, so `iris` cannot give millimetres; the measures are in inter-ocular distances.',
    );
  }
  return {
    actionUnits: (side) => actionUnitRows(records(), side, neutral, source, measured),
    *measures() {
      for (const record of records())
        yield measuresRow(record, neutral?.features ?? null, unit, unit === 'mm' ? millimetres : 1);
    },
    measureColumns: measureColumns(unit),
    records,
    frames,
    unit,
    source,
    neutral,
    description: describeAnalysis(source, neutral, unit, options.camera, measured),
    warnings,
  };
}

function missedNeutral(choice: NeutralChoice, videoEnd: number): string {
  const why =
    choice.kind === 'window' && choice.start > videoEnd
      ? `The \`neutral\` stretch starts at ${choice.start.toFixed(1)} s, but the video ends at ${videoEnd.toFixed(1)} s`
      : 'No face was found in the `neutral` stretch of the video';
  return `${why}; the calmest second was taken as neutral instead.`;
}

function* unpacked(log: RecordStore): Generator<FrameRecord> {
  for (const values of log.records()) yield unpackRecord(values);
}

/** The records, lengths in inter-ocular distances of so much. */
function* scaled(records: Iterable<FrameRecord>, interOcular: number): Generator<FrameRecord> {
  for (const record of records) {
    yield record.face === null
      ? record
      : { ...record, face: { ...record.face, features: inInterOculars(record.face.features, interOcular) } };
  }
}
