import { basename } from 'node:path';
import { runtimeVersion } from 'onnx-lens';
import type { ExaminationDescription } from 'facemirror-core/examination/description.js';
import type { TrackerCounts } from 'facemirror-core/face/tracker.js';
import type { ResultSettings } from 'facemirror-core/settings/settings.js';
import { machineFacts } from '../machine/machine-facts.js';
import { ffmpegVersion } from '../video/ffmpeg.js';
import type { VideoInfo } from '../video/video-info.js';
import type { NetworkFindings } from './facts.js';
import type { RunRecord } from './record.js';
import type { ProfileSummary } from './summary.js';

/** What was learnt in a run, for its record. */
export interface RunFindings {
  readonly info: VideoInfo;
  readonly bytes: number;
  readonly sha256: string;
  readonly settings: ResultSettings;
  readonly suite: RunRecord['suite'];
  readonly encoder: string | null;
  readonly files: readonly string[];
  readonly counts: TrackerCounts;
  readonly tables: Readonly<Record<string, unknown>>;
  readonly examination?: ExaminationDescription;
  readonly warnings: readonly string[];
  readonly profile: ProfileSummary | null;
  readonly performance: NetworkFindings | null;
  readonly videosAtOnce: number;
  readonly version: string;
}

export function buildRecord(findings: RunFindings): RunRecord {
  const { info, counts } = findings;
  const { container, codec, pixelFormat, codedWidth, codedHeight, pixelAspect, frameRate, durationSeconds, audio } =
    info;
  return {
    program: { name: 'Face Mirror', version: findings.version },
    versions: { onnxRuntime: runtimeVersion(), ffmpeg: ffmpegVersion() },
    finishedAt: new Date().toISOString(),
    input: {
      file: basename(info.path),
      bytes: findings.bytes,
      sha256: findings.sha256,
      container,
      codec,
      pixelFormat,
      codedWidth,
      codedHeight,
      pixelAspect,
      orientation: info.orientation.description,
      frameRate,
      durationSeconds,
      audio,
    },
    settings: findings.settings,
    machine: machineFacts(),
    suite: {
      ...findings.suite,
      models: findings.suite.models.map(({ name, file, sha256 }) => ({ name, file: withoutFolder(file), sha256 })),
    },
    // H.264 pictures have even sizes.
    output: {
      width: info.width + (info.width % 2),
      height: info.height + (info.height % 2),
      encoder: findings.encoder,
      files: findings.files,
    },
    frames: {
      read: counts.frames,
      withFace: counts.framesWithFace,
      withoutFace: counts.frames - counts.framesWithFace,
      quickSearches: counts.quickSearches,
      thoroughSearches: counts.thoroughSearches,
    },
    tables: findings.tables,
    ...(findings.examination === undefined ? {} : { examination: findings.examination }),
    warnings: findings.warnings,
    profile: findings.profile,
    videosAtOnce: findings.videosAtOnce,
    performance: findings.performance,
  };
}

/** A file's name alone: where it lay on somebody's machine is nobody else's business, and its hash says what it was. */
function withoutFolder(file: string): string {
  return file.replace(/^.*[\\/]/, '');
}
