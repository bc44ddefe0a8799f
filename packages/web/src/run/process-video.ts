import { ExpressionAnalysis, type ExpressionResult } from 'facemirror-core/action-units/analysis.js';
import { RecordLog } from 'facemirror-core/action-units/record-log.js';
import { describeExamination } from 'facemirror-core/examination/description.js';
import { examine, type ExaminationResult, type ExaminationTables } from 'facemirror-core/examination/tables.js';
import { Tracker } from 'facemirror-core/face/tracker.js';
import { FaceFrames } from 'facemirror-core/flow/face-frames.js';
import { flowFrames, PICTURE_KINDS, type PictureKind } from 'facemirror-core/flow/frame-flow.js';
import { FrameNotes } from 'facemirror-core/flow/frame-notes.js';
import { measuredAdapters } from 'facemirror-core/flow/measured-adapters.js';
import { faceWarnings, noFace } from 'facemirror-core/flow/no-face.js';
import { DECODED, encodedKinds, encodesVideo, isMeasuredOn, planFrames } from 'facemirror-core/flow/pictures.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { parseMovements } from 'facemirror-core/movements/movements-file.js';
import { TABLE_OUTPUTS, VIDEO_OUTPUTS } from 'facemirror-core/results/output-names.js';
import type { NetworkPool } from '../inference/network-pool.js';
import { ResultFiles } from '../storage/result-files.js';
import type { WebSuite } from '../suite/mediapipe.js';
import { chooseEncoder, type ChosenEncoder } from '../video/encoder.js';
import { VideoReader } from '../video/reader.js';
import { codecName } from '../video/unfit.js';
import { isUpright } from '../video/video-info.js';
import { canCopySound, VideoWriter } from '../video/writer.js';
import { DrawingThread } from './drawing-thread.js';
import type { KernelModules } from '../threads/kernels.js';
import type { RunOrder } from './messages.js';
import { buildRecord } from './record.js';
import type { StageTimes } from './stage-times.js';

/** What one video's run needs from outside. */
export interface VideoJob extends RunOrder {
  readonly suite: WebSuite;
  readonly networks: NetworkPool;
  readonly kernels: KernelModules;
  readonly profiler: StageTimes;
  readonly signal: AbortSignal;
  readonly onOpened: (expectedFrames: number | null) => void;
  readonly onFrame: () => void;
}

/** What a finished run tells. */
export interface FinishedRun {
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly warnings: readonly string[];
}

/**
 * Processes one video in one pass into the order's folder. The record is written last.
 * @throws FaceMirrorError
 */
export async function processVideo(job: VideoJob): Promise<FinishedRun> {
  const { settings } = job;
  const reader = await VideoReader.open(job.video, job.name, { noAudio: !settings.audio || !encodesVideo(settings) });
  try {
    job.onOpened(reader.info.expectedFrames);
    const files = await ResultFiles.open(job.folder, job.stem);
    try {
      return await process(job, reader, files);
    } finally {
      await files.close();
    }
  } finally {
    await reader.close();
  }
}

async function process(job: VideoJob, reader: VideoReader, files: ResultFiles): Promise<FinishedRun> {
  const { settings, suite, profiler } = job;
  const { info } = reader;
  const encoded = encodedKinds(settings, !isUpright(info.turn));
  const kinds = PICTURE_KINDS.filter((kind) => encoded.includes(kind) || isMeasuredOn(kind, settings, suite));
  const framesMayChange = !kinds.includes('source');
  const drawn = kinds.filter((kind) => kind !== 'source' && !(kind === 'debug' && framesMayChange)).length;
  const { framesUnderWay, capacity } = planFrames(info, kinds.length, drawn, DECODED);
  const pool = new FramePool({ width: info.width, height: info.height, colour: info.colour, capacity });
  const { memory, layout, colour } = pool;
  const drawing = new DrawingThread({ memory, layout, colour, camera: settings.camera, kernels: job.kernels });
  const tracker: Tracker = new Tracker(
    measuredAdapters(suite, profiler, () => tracker.counts.frames),
    { face: settings.face },
  );
  const hasTables = settings.outputs.includes('tables');
  const analysis = hasTables
    ? new ExpressionAnalysis(settings, (width) => new RecordLog(width, () => files.spill()))
    : null;
  const kept = hasTables ? await openNotes(job, reader, files) : null;
  const writers = new Map<PictureKind, VideoWriter>();
  try {
    const opened = await openWriters(writers, encoded, job, reader, files);
    const frames = new FaceFrames({
      pool,
      drawing,
      kinds,
      settings,
      profiler,
      analysis,
      kept,
      actionUnits: suite.actionUnits,
      landmarker: suite.landmarker,
      framesMayChange,
      expressions: null,
    });
    profiler.opened();
    await flowFrames(
      reader,
      pool,
      {
        observe: (frame, onTurn) => tracker.next(frame, onTurn),
        follow: (frame, face) => frames.follow(frame, face),
        draw: (frame, seen) => frames.draw(frame, seen),
        note: (frame, seen, pictures) => frames.note(frame, seen, pictures),
        write: async (kind, picture, time) => {
          const duration = (Number(time.durationTicks) * info.timeBase.num) / info.timeBase.den;
          await writers.get(kind)?.write(picture, time, duration);
        },
        finished: () => job.onFrame(),
      },
      { framesUnderWay, noteStage: 'action-units', profiler, signal: job.signal },
    );
    if (tracker.counts.framesWithFace === 0 && !settings.allowNoFace)
      throw noFace(job.name, tracker.counts, settings.face);
    const writing = profiler.begin();
    for (const writer of writers.values()) await writer.finish();
    const results = analysis === null ? null : await writeTables(job, files, analysis);
    await kept?.close();
    profiler.end('write', writing);
    const warnings = [
      ...suite.notes,
      ...opened.notes,
      ...faceWarnings(tracker.counts.framesWithFace),
      ...reader.warnings,
      ...(results?.expression.warnings ?? []),
    ];
    const profile = profiler.summary();
    const record = buildRecord({
      info,
      file: { name: job.name, bytes: job.video.size },
      settings,
      suite,
      workers: job.networks.workers,
      encoder: opened.encoder?.config.codec ?? null,
      size: evenSize(info),
      files: [...files.names(), `${job.stem}.json`],
      counts: tracker.counts,
      tables: results === null ? {} : results.expression.description,
      examination: results === null ? null : describeExamination(results.examination),
      warnings,
      profile,
    });
    await files.writeTable('record', [`${JSON.stringify(record, null, 2)}\n`]);
    return { frames: tracker.counts.frames, framesPerSecond: profile.framesPerSecond, warnings };
  } finally {
    await Promise.all([...writers.values()].map((writer) => writer.discard()));
    await kept?.close().catch(() => undefined);
    analysis?.close();
    drawing.close();
    pool.close();
  }
}

async function openNotes(
  { suite, settings }: VideoJob,
  { info }: VideoReader,
  files: ResultFiles,
): Promise<FrameNotes> {
  return new FrameNotes(
    {
      topology: 'mediapipe-478',
      camera: settings.camera,
      measure: suite.landmarker.observeMirrored === undefined ? 'whole' : settings.measure,
      width: info.width,
      height: info.height,
    },
    {
      frames: await files.file('frames'),
      landmarks: settings.landmarks ? await files.table('landmarks-table') : null,
    },
  );
}

async function openWriters(
  writers: Map<PictureKind, VideoWriter>,
  kinds: readonly PictureKind[],
  { settings }: VideoJob,
  reader: VideoReader,
  files: ResultFiles,
): Promise<{ readonly encoder: ChosenEncoder | null; readonly notes: readonly string[] }> {
  if (kinds.length === 0) return { encoder: null, notes: [] };
  const { info, sound } = reader;
  const encoder = await chooseEncoder({ ...evenSize(info), frameRate: info.frameRate, quality: settings.quality });
  const copied = sound !== null && (await canCopySound(sound)) ? sound : null;
  for (const kind of kinds)
    writers.set(
      kind,
      await VideoWriter.open({
        file: await files.file(VIDEO_OUTPUTS[kind]),
        encoder,
        colourSpace: info.colourSpace,
        sound: copied,
      }),
    );
  if (copied !== null)
    reader.soundSink = async (packet, seconds) => {
      for (const writer of writers.values()) await writer.writeSound(packet, seconds);
    };
  return {
    encoder,
    notes: [
      ...(encoder.codec === 'avc'
        ? []
        : [`This browser has no H.264 encoder: the videos are ${codecName(encoder.codec)} in MP4 files.`]),
      ...(sound === null || copied !== null
        ? []
        : [`MP4 files cannot hold this video's sound (${info.audio?.codec ?? 'unknown'}) as it is: it was left out.`]),
    ],
  };
}

/** H.264 pictures have even sizes. */
function evenSize({ width, height }: { readonly width: number; readonly height: number }): {
  width: number;
  height: number;
} {
  return { width: width + (width % 2), height: height + (height % 2) };
}

async function writeTables(
  { settings }: VideoJob,
  files: ResultFiles,
  analysis: ExpressionAnalysis,
): Promise<ExaminationResult> {
  const expression = analysis.finish();
  const result = examine(expression, {
    affected: settings.affected,
    movements:
      settings.movements === null
        ? null
        : parseMovements(settings.movements.text, {
            file: settings.movements.file,
            time: timesOf(expression),
          }),
  });
  for (const [key, output] of Object.entries(TABLE_OUTPUTS))
    await files.writeTable(output, result.tables[key as keyof ExaminationTables]);
  return result;
}

function timesOf(expression: ExpressionResult): Float64Array {
  return Float64Array.from(expression.records(), ({ timestamp }) => timestamp);
}
