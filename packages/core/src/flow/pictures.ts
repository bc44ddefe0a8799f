import { PICTURE_KINDS, type PictureKind } from './frame-flow.js';
import { writesDebugVideo, writesVideos, type RunSettings } from '../settings/settings.js';
import type { Suite } from '../suites/suite.js';

/** Bytes of frames under way; frames so large that the fewest that a run needs take more are refused by the pool. */
const POOL_BYTES = 96 * 1024 * 1024;
/** Frames whose pictures are drawn, or wait to be encoded, side by side. */
const DRAWN = 3;
/** Decoded frames that are looked at, or wait to be, where the suite does not want others. */
export const DECODED = 5;

/** Whether any video is written. */
export function encodesVideo(settings: RunSettings): boolean {
  return writesVideos(settings) || writesDebugVideo(settings);
}

/**
 * The pictures that become videos.
 *
 * @param isTurned the file's pictures are not upright, so an upright copy is written, too.
 */
export function encodedKinds(settings: RunSettings, isTurned: boolean): PictureKind[] {
  return PICTURE_KINDS.filter((kind) =>
    kind === 'debug' ? writesDebugVideo(settings) : writesVideos(settings) && (kind !== 'source' || isTurned),
  );
}

/** Whether a network of the suite measures on such a picture, so that it is made even if nobody keeps it. */
export function isMeasuredOn(
  kind: PictureKind,
  { outputs }: RunSettings,
  { actionUnits }: Pick<Suite, 'actionUnits'>,
): boolean {
  return (kind === 'left' || kind === 'right') && outputs.includes('tables') && actionUnits.kind === 'network';
}

/**
 * How many frames there are: enough that no stage waits for another's frame in the usual case, bounded in bytes. The
 * fewest with which a run cannot come to a stop: one that is decoded, and the pictures of one that is drawn.
 * @param pictures of a frame at most, each in a frame of its own; `drawn` of them in the usual case.
 */
export function planFrames(
  { width, height }: { readonly width: number; readonly height: number },
  pictures: number,
  drawn: number,
  wanted: number,
): { framesUnderWay: number; capacity: number } {
  const frameBytes = width * height * 1.5;
  const affordable = Math.floor(POOL_BYTES / frameBytes);
  const capacity = Math.max(1 + pictures, Math.min(wanted + DRAWN * drawn, affordable));
  return { framesUnderWay: Math.max(1, Math.min(wanted, capacity - pictures)), capacity };
}
