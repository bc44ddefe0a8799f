import { PICTURE_KINDS, type PictureKind } from 'facemirror-core/flow/frame-flow.js';
import { writesDebugVideo, writesVideos, type RunSettings } from 'facemirror-core/settings/settings.js';
import type { Suite } from 'facemirror-core/suites/suite.js';
import type { OutputKind } from '../results/outputs.js';
import type { VideoInfo } from '../video/video-info.js';

/** Bytes of frames under way; frames so large that the fewest that a run needs take more are refused by the pool. */
const POOL_BYTES = 96 * 1024 * 1024;
/** Frames whose pictures are drawn, or wait to be encoded, side by side. */
const DRAWN = 3;

export const VIDEO_OUTPUTS: Readonly<Record<PictureKind, OutputKind>> = {
  left: 'left-video',
  right: 'right-video',
  debug: 'debug-video',
  source: 'source-video',
};

/** Whether any video is written. */
export function encodesVideo(settings: RunSettings): boolean {
  return writesVideos(settings) || writesDebugVideo(settings);
}

/** The pictures that become videos. */
export function encodedKinds(settings: RunSettings, info: VideoInfo): PictureKind[] {
  return PICTURE_KINDS.filter((kind) =>
    kind === 'debug'
      ? writesDebugVideo(settings)
      : writesVideos(settings) && (kind !== 'source' || info.orientation.filters !== null),
  );
}

/** Whether a network of the suite measures on such a picture, so that it is made even if nobody keeps it. */
export function isMeasuredOn(kind: PictureKind, { outputs }: RunSettings, { actionUnits }: Suite): boolean {
  return (kind === 'left' || kind === 'right') && outputs.includes('tables') && actionUnits.kind === 'network';
}

/**
 * How many frames there are: enough that no stage waits for another's frame in the usual case, bounded in bytes. The
 * fewest with which a run cannot come to a stop: one that is decoded, and the pictures of one that is drawn.
 * @param pictures of a frame at most, each in a frame of its own; `drawn` of them in the usual case.
 */
export function planFrames(
  info: VideoInfo,
  pictures: number,
  drawn: number,
  wanted: number,
): { framesUnderWay: number; capacity: number } {
  const frameBytes = info.width * info.height * 1.5;
  const affordable = Math.floor(POOL_BYTES / frameBytes);
  const capacity = Math.max(1 + pictures, Math.min(wanted + DRAWN * drawn, affordable));
  return { framesUnderWay: Math.max(1, Math.min(wanted, capacity - pictures)), capacity };
}
