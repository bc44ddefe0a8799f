import type { Midline } from '../face/midline.js';
import type { Landmarks } from '../face/observation.js';
import { framePlanes, type Colour, type Frame } from '../frames/frame.js';
import { drawDebugOverlay } from './debug-overlay.js';

/** The colour of the frames that {@link drawRedacted} draws into. */
export const REDACTED_COLOUR: Colour = { matrix: 'bt709', range: 'limited' };

/**
 * Draws a frame of a redacted video: landmarks and midline on black. It is told nothing else, and nothing of what the
 * frame held before stays, so that no pixel of a face can get into the video.
 * @param frame of REDACTED_COLOUR
 * @param landmarks null when no face was found
 */
export function drawRedacted(frame: Frame, landmarks: Landmarks | null, midline: Midline | null): void {
  const { y, u, v } = framePlanes(frame);
  y.fill(16);
  u.fill(128);
  v.fill(128);
  drawDebugOverlay(frame, landmarks === null ? null : { midline, angles: null, landmarks });
}
