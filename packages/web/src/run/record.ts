import type { ExaminationDescription } from 'facemirror-core/examination/description.js';
import type { TrackerCounts } from 'facemirror-core/face/tracker.js';
import { resultSettings, type RunSettings } from 'facemirror-core/settings/settings.js';
import type { WebSuite } from '../suite/mediapipe.js';
import { describeTurn, type VideoInfo } from '../video/video-info.js';
import type { StageSummary } from './stage-times.js';

/** What was learnt in a run, for its record. */
export interface RunFindings {
  readonly info: VideoInfo;
  readonly file: { readonly name: string; readonly bytes: number };
  readonly settings: RunSettings;
  readonly suite: WebSuite;
  readonly workers: number;
  /** As the browser names it; null where no video was written. */
  readonly encoder: string | null;
  readonly size: { readonly width: number; readonly height: number };
  readonly files: readonly string[];
  readonly counts: TrackerCounts;
  readonly tables: Readonly<Record<string, unknown>>;
  readonly examination: ExaminationDescription | null;
  readonly warnings: readonly string[];
  readonly profile: StageSummary;
}

/** What `<stem>.json` says about a run, in the same words as the installed program's, where they apply. */
export function buildRecord(findings: RunFindings): Readonly<Record<string, unknown>> {
  const { info, counts, suite, examination } = findings;
  return {
    program: { name: 'Face Mirror', version: FACEMIRROR_VERSION, edition: 'browser' },
    versions: { onnxRuntime: ONNX_RUNTIME_VERSION },
    finishedAt: new Date().toISOString(),
    input: {
      file: findings.file.name,
      bytes: findings.file.bytes,
      container: info.container,
      codec: info.codec,
      pixelFormat: info.pixelFormat,
      codedWidth: info.codedWidth,
      codedHeight: info.codedHeight,
      pixelAspect: info.pixelAspect,
      orientation: describeTurn(info.turn),
      frameRate: info.frameRate,
      durationSeconds: info.durationSeconds,
      audio: info.audio === null ? null : { ...info.audio, mode: 'copy' },
    },
    settings: resultSettings(findings.settings),
    machine: { browser: navigator.userAgent, cores: navigator.hardwareConcurrency },
    suite: {
      name: 'mediapipe',
      title: suite.title,
      models: suite.models,
      provider: 'wasm',
      workers: findings.workers,
    },
    output: { ...findings.size, encoder: findings.encoder, files: findings.files },
    frames: {
      read: counts.frames,
      withFace: counts.framesWithFace,
      withoutFace: counts.frames - counts.framesWithFace,
      quickSearches: counts.quickSearches,
      thoroughSearches: counts.thoroughSearches,
    },
    tables: findings.tables,
    ...(examination === null ? {} : { examination }),
    warnings: findings.warnings,
    profile: findings.profile,
    performance: null,
  };
}
