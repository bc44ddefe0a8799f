/** The public face of facemirror: everything that is exported, and nothing that is not. */
export { FaceMirrorError, type FaceMirrorErrorCode } from './errors.js';
export { runBatch, type BatchOptions } from './pipeline/batch.js';
export type { BatchEvent, BatchResult, OnBatchEvent } from './pipeline/events.js';
export type { ResultSettings, RunSettings } from './pipeline/settings.js';
export type { RunRecord } from './pipeline/record.js';
export { parseNeutralWindow, type NeutralChoice } from './action-units/neutral-window.js';
export { SUITE_NAMES, type SuiteName } from './models/suite.js';
export { PROVIDER_CHOICES, type ProviderChoice } from './inference/options.js';
export { DEFAULT_QUALITY, ENCODER_NAMES, type EncoderChoice, type EncoderName } from './video/encoder.js';
export { probeVideo } from './video/reader.js';
export type { VideoInfo } from './video/video-info.js';
