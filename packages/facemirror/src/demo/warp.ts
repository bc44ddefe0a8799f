import { BROWS, LIDS, heightAt, type Curve } from './portrait-landmarks.js';

/** Where in the portrait a warped picture's colour comes from; pixels of the portrait. */
export type Warp = (x: number, y: number) => readonly [x: number, y: number];

/** A patch of skin that is pushed as one and pulls on its surroundings, in pixels of the portrait. */
interface Push {
  /** Middle of the patch before the push; its height may follow a curve, whose ends reach outwards. */
  readonly x: number;
  readonly y: number | Curve;
  /** By how much it is pushed. */
  readonly dx: number;
  readonly dy: number;
  /** The patch reaches so far to the left, right, up and down of its middle. */
  readonly patch: Reach;
  /** What lies so far off is not moved any more. */
  readonly pull: Reach;
}
type Reach = readonly [left: number, right: number, up: number, down: number];

/** Intensities of the known movements, each 0 (none) to 1. */
export interface Movements {
  /**
   * The sitter's right corner of the mouth goes up and out, the cheek above it follows; the slack left corner sinks.
   */
  readonly smileRight: number;
  /** Both upper lids come down. */
  readonly blink: number;
  /** Both brows go up. */
  readonly browRaise: number;
}

/** How far the movements go at 1, in pixels of the portrait, whose eyes' middles are 41.6 px apart. */
export const FULL_MOVEMENT = {
  smileRight: { rightMouthCorner: [-5, -6], leftMouthCorner: [0, 3.5] },
  browRaise: { brows: [0, -5] },
  blink: 'upper lid margin on the lower one',
} as const;

const [SMILE_X, SMILE_Y] = FULL_MOVEMENT.smileRight.rightMouthCorner;
const [DRAWN_X, DRAWN_Y] = FULL_MOVEMENT.smileRight.leftMouthCorner;
const BROW_Y = FULL_MOVEMENT.browRaise.brows[1];

/** The warp that shows a movement on the relaxed portrait. */
export function movementWarp({ smileRight, blink, browRaise }: Movements): Warp {
  const pushes: Push[] = [
    ...pushesAt(smileRight, [
      { x: 208, y: 146, dx: SMILE_X, dy: SMILE_Y, patch: [3, 3, 3, 3], pull: [17, 22, 22, 16] },
      { x: 239, y: 147, dx: DRAWN_X, dy: DRAWN_Y, patch: [3, 3, 3, 3], pull: [18, 20, 18, 18] },
      { x: 194, y: 128, dx: -1.5, dy: -3, patch: [5, 5, 4, 4], pull: [18, 20, 20, 16] },
    ]),
    ...pushesAt(browRaise, [
      // The two patches' inner slopes add up to one patch across the glabella.
      { x: 205, y: BROWS.right, dx: 0, dy: BROW_Y, patch: [18, 14, 2.5, 2.5], pull: [32, 26, 30, 11.5] },
      { x: 245, y: BROWS.left, dx: 0, dy: BROW_Y, patch: [14, 18, 2.5, 2.5], pull: [26, 32, 30, 11.5] },
    ]),
  ];
  const lids = blink > 0 ? [lidWarp(LIDS.right, blink), lidWarp(LIDS.left, blink)] : [];
  return (x, y) => {
    const [px, py] = unpush(pushes, x, y);
    return [px, lids.reduce((height, lid) => lid(px, height), py)];
  };
}

/**
 * The warp that lowers the corners of the sitter's smiling mouth: the face at rest. The lips stay parted, as they are
 * in the portrait.
 */
export function relaxedWarp(): Warp {
  const pushes: Push[] = [
    { x: 204, y: 139.7, dx: 3, dy: 4, patch: [2, 2, 2, 2], pull: [20, 18, 20, 18] },
    { x: 243, y: 141.1, dx: -3, dy: 4, patch: [2, 2, 2, 2], pull: [18, 20, 20, 18] },
  ];
  return (x, y) => unpush(pushes, x, y);
}

function pushesAt(intensity: number, pushes: readonly Push[]): Push[] {
  if (intensity <= 0) return [];
  return pushes.map((push) => ({ ...push, dx: push.dx * intensity, dy: push.dy * intensity }));
}

/** Where the skin at a place lay before the pushes. */
function unpush(pushes: readonly Push[], x: number, y: number): readonly [number, number] {
  let sourceX = x;
  let sourceY = y;
  for (const push of pushes) {
    const middle = typeof push.y === 'number' ? push.y : heightNear(push.y, x);
    const share = shareOf(push, x - push.x - push.dx, y - middle - push.dy);
    sourceX -= share * push.dx;
    sourceY -= share * push.dy;
  }
  return [sourceX, sourceY];
}

/** The height of a curve at x, that of its end beyond it. */
function heightNear(curve: Curve, x: number): number {
  const first = curve[0]?.[0] ?? 0;
  const last = curve.at(-1)?.[0] ?? 0;
  return heightAt(curve, Math.min(last, Math.max(first, x))) ?? 0;
}

/** How much of a push a place takes part in, 1 on the patch and 0 beyond the pull. */
function shareOf({ patch, pull }: Push, offsetX: number, offsetY: number): number {
  const h = offsetX < 0 ? 0 : 1;
  const v = offsetY < 0 ? 2 : 3;
  return fall(Math.abs(offsetX), patch[h], pull[h]) * fall(Math.abs(offsetY), patch[v], pull[v]);
}

/** From 1 at `start` to 0 at `end`, with no corner at either. */
function fall(distance: number, start: number, end: number): number {
  const t = Math.min(1, Math.max(0, (distance - start) / (end - start)));
  return 1 - t * t * (3 - 2 * t);
}

/** Skin above the upper lid's margin that stretches when the lid comes down, in pixels of the portrait. */
const LID_SKIN = 8;

/** Lets the upper lid's skin down over the eye, which itself stays where it is. */
function lidWarp(
  lids: { readonly upper: Curve; readonly lower: Curve },
  closed: number,
): (x: number, y: number) => number {
  return (x, y) => {
    const upper = heightAt(lids.upper, x);
    const lower = heightAt(lids.lower, x);
    if (upper === null || lower === null) return y;
    // A little below the lower margin, so that nothing of the eye shows through a closed lid.
    const margin = upper + closed * (lower + 0.6 - upper);
    const top = upper - LID_SKIN;
    if (y <= top || y >= margin) return y;
    return top + ((y - top) * (upper - top)) / (margin - top);
  };
}
