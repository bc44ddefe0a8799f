/** The public face of facemirror: everything that is exported, and nothing that is not. */
export { FaceMirrorError, type FaceMirrorErrorCode } from 'facemirror-core/errors.js';
export { runBatch, type BatchOptions, type ExpectedVideo } from './batch/batch.js';
export { processVideo, type ProcessedVideo, type ProcessOptions } from './batch/process-video.js';
export type { BatchEvent, BatchResult, OnBatchEvent } from './batch/events.js';
export {
  DEFAULT_SETTINGS,
  parseSetting,
  parseSettings,
  type ResultSettings,
  type RunSettings,
  type SettingsInput,
} from 'facemirror-core/settings/settings.js';
export { SETTING_NAMES, SETTINGS, type SettingName } from 'facemirror-core/settings/table.js';
export type { Form, Setting } from 'facemirror-core/settings/form.js';
export type * from './results/facts.js';
export type * from './results/summary.js';
export type { RunRecord } from './results/record.js';
export { parseNeutralWindow, type NeutralChoice } from 'facemirror-core/action-units/neutral-window.js';
export { SUITE_NAMES, type SuiteName } from 'facemirror-core/suites/suite.js';
export { PROVIDER_CHOICES, type ProviderChoice } from 'facemirror-core/inference/options.js';
export {
  DEFAULT_QUALITY,
  ENCODER_NAMES,
  type EncoderChoice,
  type EncoderName,
} from 'facemirror-core/settings/encoders.js';
export { makeReport, type MadeReport, type ReportOptions } from './report/report.js';
export { probeVideo } from './video/reader.js';
export type { ColourTags } from './video/colour.js';
export type { Orientation } from './video/orientation.js';
export type { VideoInfo } from './video/video-info.js';
