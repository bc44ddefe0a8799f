import type { Midline } from 'facemirror-core/face/midline.js';
import type { Camera } from 'facemirror-core/face/observation.js';
import type { DrawingTimes } from 'facemirror-core/flow/drawing.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import type { DebugFace } from 'facemirror-core/overlay/debug-overlay.js';
import type { KernelModules } from '../threads/kernels.js';

/** What the drawing thread is started with: where all the frames lie, and what holds for all of them. */
export interface DrawingSetup extends Pick<Frame, 'memory' | 'layout' | 'colour'> {
  readonly camera: Camera;
  readonly kernels: KernelModules;
}

/** A drawing as it goes to the thread: frames by their offsets. */
export interface DrawingOrder {
  readonly kind: 'draw';
  readonly source: number;
  readonly mirrored: { readonly left: number; readonly right: number; readonly midline: Midline } | null;
  readonly debug: { readonly target: number; readonly face: DebugFace | null } | null;
}

export type ToDrawingWorker = { readonly kind: 'setup'; readonly setup: DrawingSetup } | DrawingOrder;

export type FromDrawingWorker =
  { readonly kind: 'drawn'; readonly times: DrawingTimes } | { readonly kind: 'failed'; readonly message: string };
