import type { Midline } from '../face/midline.js';
import type { Camera } from '../face/observation.js';
import { framePlanes, type Frame } from '../frames/frame.js';
import { mirrorFrame } from '../mirror/mirror-frame.js';
import { drawDebugOverlay, type DebugFace } from '../overlay/debug-overlay.js';

/** What is to be drawn of one frame, into frames that nobody else looks at until it is done. */
export interface Drawing {
  readonly source: Frame;
  /** The mirrored faces; null where there is nothing to mirror about. */
  readonly mirrored: { readonly left: Frame; readonly right: Frame; readonly midline: Midline } | null;
  /**
   * The frame with what the program saw, drawn last: its target may be the source itself. Its face is null when none
   * was found.
   */
  readonly debug: { readonly target: Frame; readonly face: DebugFace | null } | null;
}

/** What drawing took, in milliseconds of the drawing thread; null for what was not asked for. */
export interface DrawingTimes {
  readonly mirrorMs: number | null;
  readonly overlayMs: number | null;
}

/** Draws pictures, somewhere else perhaps. */
export interface Drawer {
  /** Resolves when the pictures are drawn; until then all frames of the drawing must stay unreleased. */
  draw(drawing: Drawing): Promise<DrawingTimes>;
}

/** Draws, in whatever thread. */
export function drawPictures({ source, mirrored, debug }: Drawing, camera: Camera): DrawingTimes {
  const mirrorMs = mirrored === null ? null : timed(() => mirrorFrame(source, mirrored, mirrored.midline, camera));
  const overlayMs =
    debug === null
      ? null
      : timed(() => {
          if (debug.target.offset !== source.offset) copyFrame(source, debug.target);
          drawDebugOverlay(debug.target, debug.face);
        });
  return { mirrorMs, overlayMs };
}

function timed(task: () => void): number {
  const startedAt = performance.now();
  task();
  return performance.now() - startedAt;
}

/** Copies the pixels of one frame of a pool to another. */
function copyFrame(source: Frame, target: Frame): void {
  const from = framePlanes(source);
  const to = framePlanes(target);
  to.y.set(from.y);
  to.u.set(from.u);
  to.v.set(from.v);
}
