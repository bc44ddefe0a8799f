import { readFile } from 'node:fs/promises';
import { ExpressionAnalysis, type ExpressionResult } from 'facemirror-core/action-units/analysis.js';
import type { FileHash } from '../files/hash.js';
import { Tracker } from 'facemirror-core/face/tracker.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import type { Suite } from 'facemirror-core/suites/suite.js';
import { recordLog } from '../files/record-log.js';
import type { SummingProfiler } from '../performance/measure/profiler.js';
import type { ProfileSummary } from '../results/summary.js';
import { buildReport } from '../performance/report/build.js';
import { renderHtml } from '../performance/report/html.js';
import type { EncoderName } from 'facemirror-core/settings/encoders.js';
import { withEncoder } from '../video/encoder.js';
import { describeExamination } from 'facemirror-core/examination/description.js';
import { examine, type ExaminationResult } from 'facemirror-core/examination/tables.js';
import type { Examination } from 'facemirror-core/examination/examination.js';
import { readFramesFile } from 'facemirror-core/examination/frames-file.js';
import { reportOf } from '../report/report.js';
import type { Movement } from 'facemirror-core/movements/movement.js';
import { parseMovements } from 'facemirror-core/movements/movements-file.js';
import { VideoReader } from '../video/reader.js';
import type { VideoInfo } from '../video/video-info.js';
import { VideoWriter } from '../video/writer.js';
import { planCodecThreads, type CodecThreads } from './codec-threads.js';
import { DrawingThread } from './drawing-thread.js';
import { writeExaminationTables } from './examination-tables.js';
import { faceWarnings, noFace } from 'facemirror-core/flow/no-face.js';
import { DECODED, encodedKinds, encodesVideo, isMeasuredOn, planFrames } from 'facemirror-core/flow/pictures.js';
import { VIDEO_OUTPUTS } from 'facemirror-core/results/output-names.js';
import { FaceFrames } from 'facemirror-core/flow/face-frames.js';
import { flowFrames, PICTURE_KINDS, type PictureKind } from 'facemirror-core/flow/frame-flow.js';
import type { InputFile } from '../results/outputs.js';
import type { OutputSet } from '../results/outputs.js';
import { measuredAdapters } from 'facemirror-core/flow/measured-adapters.js';
import { inspectNetworks, runFacts, type InspectionOptions } from '../performance/performance.js';
import { buildRecord, type RunFindings } from '../results/build-record.js';
import type { RunRecord } from '../results/record.js';
import { resultSettings, type RunSettings } from 'facemirror-core/settings/settings.js';
import { FrameNotes } from 'facemirror-core/flow/frame-notes.js';
import { BytesFile } from './bytes-file.js';
import { TableFile } from './table-file.js';

/** The encoders that a video usually has. */
const ENCODERS = 3;
/** What one video's run needs from outside. */
export interface VideoJob {
  readonly file: InputFile;
  readonly hash: FileHash;
  readonly settings: RunSettings;
  readonly suite: Suite;
  readonly outputs: OutputSet;
  readonly profiler: SummingProfiler;
  readonly signal: AbortSignal;
  readonly version: string;
  /** Cores that this video may use. */
  readonly cores: number;
  /** Videos that have been under way at once while this one was. */
  readonly videosAtOnce: () => number;
  readonly onOpened: (info: VideoInfo) => void;
  readonly onFrame: () => void;
  /** The report looks at a network. */
  readonly onNetwork: NonNullable<InspectionOptions['onNetwork']>;
}

/**
 * Processes one video in one pass, into the job's outputs, which the caller publishes or discards.
 * @throws FaceMirrorError, NO_FACE among others when no frame of the video shows a face.
 */
export async function runVideo(job: VideoJob): Promise<RunRecord> {
  const reader = await VideoReader.open(job.file.path, {
    noAudio: !job.settings.audio || !encodesVideo(job.settings),
    threads: codecThreads(job, ENCODERS).decoder,
  });
  try {
    job.onOpened(reader.info);
    return await processVideo(job, reader);
  } finally {
    await reader.close();
  }
}

async function processVideo(job: VideoJob, reader: VideoReader): Promise<RunRecord> {
  const { settings, suite, profiler } = job;
  const { info } = reader;
  const encoded = encodedKinds(settings, info.orientation.filters !== null);
  const kinds = PICTURE_KINDS.filter((kind) => encoded.includes(kind) || isMeasuredOn(kind, settings, suite));
  // Of what a suite has, only the network of expressions looks at a frame once it is mirrored.
  const framesMayChange = suite.expressions === undefined && !kinds.includes('source');
  const hasTables = settings.outputs.includes('tables');
  const drawn = kinds.filter((kind) => kind !== 'source' && !(kind === 'debug' && framesMayChange)).length;
  const { framesUnderWay, capacity } = planFrames(info, kinds.length, drawn, suite.inference.framesUnderWay ?? DECODED);
  const pool = new FramePool({ width: info.width, height: info.height, colour: info.colour, capacity });
  profiler.framePool(pool.memory.buffer.byteLength, pool.capacity);
  const drawing = new DrawingThread(pool, settings.camera);
  const tracker: Tracker = new Tracker(
    measuredAdapters(suite, profiler, () => tracker.counts.frames),
    { face: settings.face },
  );
  const analysis = hasTables ? new ExpressionAnalysis(settings, recordLog) : null;
  const kept = hasTables
    ? new FrameNotes(
        {
          topology: suite.manifest.topology,
          camera: settings.camera,
          measure: suite.landmarker.observeMirrored === undefined ? 'whole' : settings.measure,
          width: info.width,
          height: info.height,
        },
        {
          frames: new BytesFile(job.outputs.pathFor('frames')),
          landmarks: settings.landmarks ? new TableFile(job.outputs.pathFor('landmarks-table')) : null,
        },
      )
    : null;
  const writers = new Map<PictureKind, VideoWriter>();
  let expressionTable =
    suite.expressions === undefined || !hasTables ? null : new TableFile(job.outputs.pathFor('expression-table'));
  try {
    const encoder = encoded.length === 0 ? null : await openWriters(writers, encoded, job, reader);
    const expressions =
      suite.expressions === undefined || expressionTable === null
        ? null
        : { network: suite.expressions, table: expressionTable };
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
      expressions,
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
        write: async (kind, picture, time) => writers.get(kind)?.write(picture, time),
        finished: () => job.onFrame(),
      },
      {
        framesUnderWay,
        noteStage: suite.actionUnits.kind === 'network' ? null : 'action-units',
        profiler,
        signal: job.signal,
      },
    );
    if (tracker.counts.framesWithFace === 0 && !settings.allowNoFace)
      throw noFace(job.file.path, tracker.counts, settings.face);
    const writing = profiler.begin();
    // Nothing is left to draw; its thread may go while the rest is written.
    void drawing.close();
    const results = await writeResults(job, [...writers.values()], analysis);
    await kept?.close();
    await expressionTable?.close();
    expressionTable = null;
    profiler.end('write', writing, tracker.counts.frames);
    const found = {
      info,
      encoder,
      counts: tracker.counts,
      ...(results === null
        ? { tables: {} }
        : { tables: tablesOf(suite, results.expression), examination: describeExamination(results.examination) }),
      warnings: [
        ...suite.notes,
        ...faceWarnings(tracker.counts.framesWithFace),
        ...reader.warnings,
        ...([...writers.values()][0]?.warnings ?? []),
        ...(results?.expression.warnings ?? []),
      ],
    };
    return await writeRecord(job, found, results?.examination ?? null);
  } finally {
    await Promise.all([...writers.values()].map((writer) => writer.discard()));
    await expressionTable?.close().catch(() => undefined);
    await kept?.close().catch(() => undefined);
    analysis?.close();
    await drawing.close();
    pool.close();
  }
}

function codecThreads({ cores, suite }: VideoJob, encoders: number): CodecThreads {
  return planCodecThreads(cores, suite.inference.threads, encoders);
}

async function openWriters(
  writers: Map<PictureKind, VideoWriter>,
  kinds: readonly PictureKind[],
  job: VideoJob,
  reader: VideoReader,
): Promise<EncoderName> {
  const { info, audio } = reader;
  const { quality } = job.settings;
  const encoding = {
    width: info.width,
    height: info.height,
    timeBase: info.timeBase,
    frameRate: info.frameRate,
    colourTags: info.colourTags,
    quality,
    threads: codecThreads(job, kinds.length).encoder,
  };
  const encoder = await withEncoder(job.settings.encoder, async (name) => {
    // Those of an encoder that works for some of them only.
    for (const writer of writers.values()) await writer.discard();
    for (const kind of kinds) {
      const output = VIDEO_OUTPUTS[kind];
      writers.set(
        kind,
        await VideoWriter.open({
          ...encoding,
          path: job.outputs.pathFor(output),
          shownPath: job.outputs.placeOf(output),
          encoder: name,
          audio,
        }),
      );
    }
    return name;
  });
  reader.audioSink = async (packet) => {
    for (const writer of writers.values()) await writer.writeAudio(packet);
  };
  return encoder;
}

/** Completes the videos and writes the tables, side by side: encoders end their work in FFmpeg's threads. */
async function writeResults(
  { outputs, settings }: VideoJob,
  writers: readonly VideoWriter[],
  analysis: ExpressionAnalysis | null,
): Promise<ExaminationResult | null> {
  const finished = writers.map((writer) => writer.finish());
  const tables = async (): Promise<ExaminationResult | null> => {
    if (analysis === null) return null;
    const expression = analysis.finish();
    const result = examine(expression, {
      affected: settings.affected,
      movements: settings.movements === null ? null : movementsFor(settings.movements, expression),
    });
    await writeExaminationTables(outputs, result.tables);
    return result;
  };
  // All of them, even after a failure: an encoder must not be closed under a call.
  const [written, ...videos] = await Promise.allSettled([tables(), ...finished]);
  for (const video of videos) if (video.status === 'rejected') throw video.reason;
  if (written.status === 'rejected') throw written.reason;
  return written.value;
}

function movementsFor(
  { file, text }: NonNullable<RunSettings['movements']>,
  expression: ExpressionResult,
): readonly Movement[] {
  const time = Float64Array.from(expression.records(), ({ timestamp }) => timestamp);
  return parseMovements(text, { file, time });
}

function tablesOf({ actionUnits }: Suite, { description }: ExpressionResult): Record<string, unknown> {
  return actionUnits.kind === 'network' ? { ...description, network: actionUnits.network.description } : description;
}

async function writeRecord(
  job: VideoJob,
  found: Pick<RunFindings, 'info' | 'encoder' | 'counts' | 'tables' | 'examination' | 'warnings'>,
  examined: Examination | null,
): Promise<RunRecord> {
  const { suite, settings } = job;
  const profile = job.profiler.finish();
  const performance = settings.performanceReport
    ? await inspectNetworks(suite, {
        isKept: job.videosAtOnce() === 1,
        programVersion: job.version,
        signal: job.signal,
        onNetwork: job.onNetwork,
      })
    : null;
  const path = job.outputs.pathFor('record');
  const page = settings.performanceReport ? job.outputs.pathFor('performance-page') : null;
  const examinationPage = settings.report && examined !== null ? job.outputs.pathFor('examination-page') : null;
  const record = buildRecord({
    ...found,
    ...job.hash,
    settings: resultSettings(settings),
    suite: suiteRecord(suite, settings, profile),
    files: job.outputs.names(),
    profile,
    performance,
    videosAtOnce: job.videosAtOnce(),
    version: job.version,
  });
  if (examinationPage !== null && examined !== null) {
    const place = job.outputs.pathFor('frames');
    const { html } = await reportOf(
      {
        record,
        frames: readFramesFile(await readFile(place), place),
        examination: examined,
        video: job.file.path,
      },
      { signal: job.signal },
    );
    await TableFile.write(examinationPage, [html]);
  }
  // A report is refused without a profile, see --no-profile.
  if (page !== null && profile !== null)
    await TableFile.write(page, [renderHtml(buildReport(runFacts({ ...record, profile }, performance)))]);
  await TableFile.write(path, [`${JSON.stringify(record, null, 2)}\n`]);
  return record;
}

function suiteRecord(
  { manifest, models, inference, networks }: Suite,
  { isolation }: RunSettings,
  profile: ProfileSummary | null,
): RunRecord['suite'] {
  const measured = profile?.models.flatMap(({ memoryBytes }) => memoryBytes ?? []) ?? [];
  const measuredBytes = measured.length === 0 ? null : measured.reduce((sum, bytes) => sum + bytes, 0);
  const {
    provider,
    providerReason,
    providerMissed,
    workers,
    workersReason,
    predictedWorkerBytes: predictedBytes,
    predictedWorkersBytes: allPredictedBytes,
  } = inference;
  const { allBytes: allMeasuredBytes, furtherBytes: furtherMeasuredBytes } = inference.workersMemory();
  const batching = Object.fromEntries(
    networks.flatMap(({ source, batching: each }) => (each === null ? [] : [[source.name, each] as const])),
  );
  return {
    name: manifest.name,
    title: manifest.title,
    models,
    provider,
    ...(providerReason === null ? {} : { providerReason }),
    ...(providerMissed === null ? {} : { providerAsked: providerMissed.provider }),
    workers,
    workersReason,
    isolation,
    batching,
    workerMemory: { predictedBytes, measuredBytes, allPredictedBytes, allMeasuredBytes, furtherMeasuredBytes },
  };
}
