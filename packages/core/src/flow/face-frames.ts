import type { ExpressionAnalysis } from '../action-units/analysis.js';
import {
  expressionHeader,
  expressionRow,
  type Expression,
  type ExpressionNetwork,
} from '../action-units/expression.js';
import { NO_SIGNALS, type FrameRecord, type FrameSignals, type NetworkUnits } from '../action-units/frame-record.js';
import type { MirroredObservation } from '../action-units/features.js';
import type { ActionUnitSource } from '../action-units/source.js';
import type { Side } from '../action-units/units.js';
import type { Landmarker } from '../face/adapters.js';
import { fitHeadPose, headAngles, MEAN_INTER_OCULAR_CM, type HeadAngles, type HeadPose } from '../face/head-pose.js';
import { MidlineSmoother, type Midline } from '../face/midline.js';
import { MirroredRegions } from '../face/mirrored-regions.js';
import { MouthCorner } from '../face/mouth-corner.js';
import type { FaceObservation, Landmarks, MirroredFace, PictureHalf } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import type { FramePool } from '../frames/pool.js';
import { mirroredBox } from '../mirror/mirrored-box.js';
import { faceSharpness } from '../quality/sharpness.js';
import type { Profiler } from '../profile/profiler.js';
import type { SourceFrame } from './frame-source.js';
import type { Drawer } from './drawing.js';
import type { PictureKind, Pictures } from './frame-flow.js';
import { OrderedQueue } from './ordered-queue.js';
import type { RunSettings } from '../settings/settings.js';
import type { TextSink } from '../tables/text-sink.js';

/** What is known of a frame when its pictures are drawn. */
export interface SeenFace {
  readonly face: FaceObservation | null;
  /** Null where there is nothing to mirror about. */
  readonly midline: Midline | null;
  readonly angles: HeadAngles | null;
  readonly signals: FrameSignals;
  /** What is seen of the mirrored faces, under way; null where the sides are measured on the whole face. */
  readonly mirrored: Promise<MirroredObservation> | null;
}

/** Takes what is kept of each frame, in frame order. */
export interface KeptFrames {
  add(record: FrameRecord, landmarks: Landmarks | null): Promise<void>;
}

interface FaceFramesOptions {
  readonly pool: FramePool;
  /** Draws on the pool's frames. */
  readonly drawing: Drawer;
  readonly kinds: readonly PictureKind[];
  readonly settings: Pick<RunSettings, 'camera' | 'measure'>;
  readonly landmarker: Landmarker;
  readonly profiler: Profiler;
  readonly actionUnits: ActionUnitSource;
  /** Null where no tables are wanted: nothing is measured then. */
  readonly analysis: ExpressionAnalysis | null;
  /** Where what is kept of each frame goes; null where no tables are wanted. */
  readonly kept: KeptFrames | null;
  /**
   * Whether nobody looks at a frame any more once it is mirrored, so that the debug overlay may be drawn on it itself.
   */
  readonly framesMayChange: boolean;
  /** Where emotion and gaze go, for suites that have them. */
  readonly expressions: { readonly network: ExpressionNetwork; readonly table: TextSink } | null;
}

/** Makes of a frame and the face in it the pictures of the outputs and the rows of the tables. */
export class FaceFrames {
  readonly #options: FaceFramesOptions;
  readonly #midlines = new MidlineSmoother();
  readonly #regions = new MirroredRegions();
  readonly #mouths = { left: new MouthCorner('left'), right: new MouthCorner('right') };
  readonly #placing = new OrderedQueue();
  readonly #notes = new OrderedQueue();
  #hasExpressionHeader = false;

  constructor(options: FaceFramesOptions) {
    this.#options = options;
  }

  /** What the pictures of the next frame need, and looks at its mirrored faces; to be called in frame order. */
  follow(frame: SourceFrame, face: FaceObservation | null): SeenFace {
    const midline = this.#midlines.next(face?.landmarks ?? null);
    const pose = face === null ? null : fitHeadPose(face.landmarks);
    const angles = pose === null ? null : headAngles(pose, this.#options.settings.camera);
    const signals =
      face === null || pose === null || angles === null ? NO_SIGNALS : signalsOf(frame.frame, face, pose, angles);
    return { face, midline, angles, signals, mirrored: this.#lookAtMirrored(frame, face, midline) };
  }

  #lookAtMirrored(
    { frame }: SourceFrame,
    whole: FaceObservation | null,
    midline: Midline | null,
  ): Promise<MirroredObservation> | null {
    const { analysis, landmarker, settings } = this.#options;
    const region = this.#regions.next(whole, midline);
    if (analysis === null || settings.measure === 'whole' || landmarker.observeMirrored === undefined) return null;
    if (whole === null || midline === null || region === null) return null;
    const look = (half: PictureHalf): Promise<MirroredFace | null> =>
      landmarker.observeMirrored?.(frame, region, half) ?? Promise.resolve(null);
    const looking = Promise.all([look('left'), look('right')]);
    looking.catch(() => undefined);
    const placed = (half: PictureHalf, face: MirroredFace | null): MirroredFace | null =>
      face && this.#mouths[half].placed(frame, region, face);
    const observed = this.#placing.run(async () => {
      const [left, right] = await looking;
      return { whole, mirrored: { left: placed('left', left), right: placed('right', right) } };
    });
    // It is awaited in its turn; until then a failure must not count as unhandled.
    observed.catch(() => undefined);
    return observed;
  }

  /** The pictures of a frame; one without a face stands for its own mirror images. */
  async draw(frame: SourceFrame, seen: SeenFace): Promise<Pictures> {
    const { pool, kinds, profiler, framesMayChange } = this.#options;
    const isMirrored = seen.midline !== null;
    // A frame without a face stands for its own mirror images: those show no overlay.
    const isDrawn = (kind: PictureKind): boolean =>
      kind === 'debug' ? !(framesMayChange && isMirrored) : kind !== 'source' && isMirrored;
    const drawn = kinds.filter(isDrawn);
    const askedAt = profiler.begin();
    const targets = drawn.length === 0 ? [] : await pool.acquireMany(drawn.length);
    if (drawn.length > 0)
      profiler.queue('free frames to draw on', pool.inUse, pool.capacity, profiler.begin() - askedAt, frame.number);
    const pictureOf = (kind: PictureKind): Frame | null => {
      if (!kinds.includes(kind)) return null;
      return targets[drawn.indexOf(kind)] ?? pool.retain(frame.frame);
    };
    const pictures = {
      left: pictureOf('left'),
      right: pictureOf('right'),
      debug: pictureOf('debug'),
      source: pictureOf('source'),
    };
    try {
      // What is drawn on the frame itself must not be seen on the mirrored faces.
      if (framesMayChange) await seen.mirrored;
      await this.#draw(frame, seen, pictures);
    } catch (error) {
      for (const picture of Object.values(pictures)) if (picture !== null) pool.release(picture);
      throw error;
    }
    return pictures;
  }

  /** Takes notes of a frame for the tables; to be called in frame order, without waiting for the frame before. */
  async note(frame: SourceFrame, seen: SeenFace, pictures: Pictures): Promise<void> {
    const { face } = seen;
    const measuring = this.#measure(seen, pictures);
    const expressing = this.#express(frame, face);
    // They are awaited in their turn; until then a failure must not count as unhandled.
    measuring.catch(() => undefined);
    expressing.catch(() => undefined);
    await this.#notes.run(async () => {
      // Both first: the frame must not be released while a network looks at it.
      const [measured, expressed, mirrored] = await Promise.allSettled([measuring, expressing, seen.mirrored]);
      if (measured.status === 'rejected') throw measured.reason;
      if (expressed.status === 'rejected') throw expressed.reason;
      if (mirrored.status === 'rejected') throw mirrored.reason;
      const { analysis, kept } = this.#options;
      const record = analysis?.add(frame.number, frame.time.seconds, face, {
        mirrored: mirrored.value,
        network: measured.value,
        signals: seen.signals,
      });
      if (record !== undefined) await kept?.add(record, face?.landmarks ?? null);
      await this.#addExpression(frame, face, expressed.value);
    });
  }

  async #express(frame: SourceFrame, face: FaceObservation | null): Promise<Expression | null> {
    const { expressions } = this.#options;
    return expressions === null || face === null ? null : expressions.network.express(frame.frame, face);
  }

  async #addExpression(frame: SourceFrame, face: FaceObservation | null, expression: Expression | null): Promise<void> {
    const table = this.#options.expressions?.table;
    if (table === undefined) return;
    if (!this.#hasExpressionHeader) await table.add(expressionHeader());
    this.#hasExpressionHeader = true;
    await table.add(expressionRow(frame.number, frame.time.seconds, face?.confidence ?? 0, expression));
  }

  /** What the suite's own network says of the mirrored faces. */
  async #measure({ face, midline }: SeenFace, { left, right }: Pictures): Promise<NetworkUnits | null> {
    const { actionUnits, analysis, settings } = this.#options;
    if (
      analysis === null ||
      actionUnits.kind !== 'network' ||
      face === null ||
      midline === null ||
      left === null ||
      right === null
    )
      return null;
    const { network } = actionUnits;
    const faceOf = (side: Side): FaceObservation => ({
      ...face,
      box: mirroredBox(face.box, midline, side, settings.camera),
    });
    const [ofLeft, ofRight] = await Promise.all([
      network.measure(left, faceOf('left')),
      network.measure(right, faceOf('right')),
    ]);
    return { left: ofLeft, right: ofRight };
  }

  async #draw(
    { frame, number }: SourceFrame,
    { face, midline, angles }: SeenFace,
    { left, right, debug }: Pictures,
  ): Promise<void> {
    const { drawing, profiler } = this.#options;
    const mirrored = midline === null || left === null || right === null ? null : { left, right, midline };
    const overlaid =
      debug === null
        ? null
        : { target: debug, face: face === null ? null : { midline, angles, landmarks: face.landmarks } };
    if (mirrored === null && overlaid === null) return;
    const { mirrorMs, overlayMs } = await drawing.draw({ source: frame, mirrored, debug: overlaid });
    const endedAt = profiler.begin();
    const overlayAt = endedAt - (overlayMs ?? 0);
    if (overlayMs !== null) profiler.span('overlay', overlayAt, overlayMs, number, 'drawing');
    if (mirrorMs !== null) profiler.span('mirror', overlayAt - mirrorMs, mirrorMs, number, 'drawing');
  }
}

function signalsOf(frame: Frame, { landmarks }: FaceObservation, pose: HeadPose, angles: HeadAngles): FrameSignals {
  return {
    ...angles,
    interOcularPixels: pose.scale * MEAN_INTER_OCULAR_CM,
    sharpness: faceSharpness(frame, landmarks),
    isOccluded: false,
  };
}
