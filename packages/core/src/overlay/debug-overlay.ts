import type { HeadAngles } from '../face/head-pose.js';
import type { Midline } from '../face/midline.js';
import type { Landmarks } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import { textMask, textWidth } from './font.js';
import { paint, paintMask, shadeTop, type Mask, type Rgb } from './paint.js';

/** What is to be seen of the followed face; every part may be missing. */
export interface DebugFace {
  readonly midline: Midline | null;
  readonly angles: HeadAngles | null;
  /** Drawn as dots when given. */
  readonly landmarks?: Landmarks;
}

/** How far the head may be turned, in degrees of yaw to either side, for mirrored faces that can be trusted. */
const YAW_LIMITS = { optimal: 3, acceptable: 5 } as const;
/** How far a head is turned, by {@link YAW_LIMITS}. */
export type HeadRotation = 'optimal' | 'acceptable' | 'excessive';

/** What a yaw means for the mirrored faces. */
export function headRotation(yaw: number): HeadRotation {
  const turned = Math.abs(yaw);
  return turned <= YAW_LIMITS.optimal ? 'optimal' : turned <= YAW_LIMITS.acceptable ? 'acceptable' : 'excessive';
}

const RED: Rgb = [255, 0, 0];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
const DOTS: Rgb = [0, 255, 255];
const BANNER_OPACITY = 0.65;
/** Told apart by brightness and by the word beside them, too, for eyes that do not tell red from green. */
const ROTATION_COLOURS: Readonly<Record<HeadRotation, Rgb>> = {
  optimal: [90, 230, 110],
  acceptable: [255, 215, 60],
  excessive: [255, 110, 90],
};

/**
 * Draws what the program saw onto a frame, in place: the midline in red from edge to edge, the landmarks when given,
 * and a banner along the top that says how far the head is turned (towards the patient's own left or right), or NO
 * FACE.
 * @param face null when no face was found in the frame.
 */
export function drawDebugOverlay(frame: Frame, face: DebugFace | null): void {
  if (face === null) {
    drawBanner(frame, 'NO FACE', WHITE);
    return;
  }
  if (face.landmarks) drawDots(frame, face.landmarks);
  if (face.midline) drawMidline(frame, face.midline);
  if (face.angles) {
    const { yaw } = face.angles;
    const rotation = headRotation(yaw);
    const turned = Math.abs(yaw).toFixed(1);
    const side = turned === '0.0' ? '' : yaw > 0 ? ' LEFT' : ' RIGHT';
    drawBanner(frame, `YAW ${turned}°${side} - ${rotation.toUpperCase()}`, ROTATION_COLOURS[rotation]);
  }
}

function drawMidline(frame: Frame, { glabella, chin }: Midline): void {
  const { width, height } = frame.layout;
  const [dx, dy] = [chin.x - glabella.x, chin.y - glabella.y];
  const length = Math.hypot(dx, dy);
  if (!(length > 0 && Number.isFinite(length))) return;
  const [normalX, normalY] = [-dy / length, dx / length];
  const half = Math.max(2, Math.min(width, height) / 300) / 2;
  const distance = (x: number, y: number): number => (x - glabella.x) * normalX + (y - glabella.y) * normalY;
  paint(
    frame,
    RED,
    0,
    height,
    (row) => {
      const reach = half + 1;
      if (Math.abs(normalX) < 1e-6) return Math.abs(distance(0, row)) <= reach ? [0, width] : [0, 0];
      const middle = -distance(0, row) / normalX;
      const spread = reach / Math.abs(normalX);
      return [middle - spread, middle + spread + 1];
    },
    (x, y) => Math.min(1, half + 0.5 - Math.abs(distance(x, y))),
  );
}

/** Dots so thin that the face stays visible between them, also where it is small in the picture. */
function drawDots(frame: Frame, { points }: Landmarks): void {
  const { width, height } = frame.layout;
  let [left, right] = [Infinity, -Infinity];
  for (let i = 0; i + 2 < points.length; i += 3) {
    left = Math.min(left, points[i] ?? Infinity);
    right = Math.max(right, points[i] ?? -Infinity);
  }
  const radius = Math.min(Math.max(0.6, (right - left) / 240), Math.max(0.6, Math.min(width, height) / 500));
  for (let i = 0; i + 2 < points.length; i += 3) {
    const [x, y] = [points[i] ?? NaN, points[i + 1] ?? NaN];
    if (!Number.isFinite(x + y)) continue;
    paint(
      frame,
      DOTS,
      y - radius - 1,
      y + radius + 2,
      () => [x - radius - 1, x + radius + 2],
      (column, row) => Math.min(1, radius + 0.5 - Math.hypot(column - x, row - y)),
    );
  }
}

/** The banner's height, in heights of its capitals. */
const BANNER_HEIGHT = 2;

function drawBanner(frame: Frame, text: string, colour: Rgb): void {
  const { width, height } = frame.layout;
  // Capitals 4 % of the shorter side high, and the text never wider than the frame.
  const wanted = Math.max(9, Math.round(Math.min(width, height) * 0.04));
  const fitting = Math.floor((wanted * width * 0.96) / textWidth(text, wanted));
  const capHeight = Math.max(1, Math.min(wanted, fitting, Math.floor(height / 8)));
  const bottom = Math.round(BANNER_HEIGHT * capHeight);
  shadeTop(frame, BLACK, bottom, BANNER_OPACITY);
  const mask = lettering(text, capHeight);
  const left = Math.max(0, Math.round((width - mask.width) / 2));
  paintMask(frame, colour, left, Math.max(0, Math.round((bottom - mask.height) / 2)), mask);
}

/** The last texts, drawn: most banners are seen many times. */
const MOST_KEPT = 64;
const kept = new Map<string, Mask>();

function lettering(text: string, capHeight: number): Mask {
  const key = `${capHeight} ${text}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const mask = textMask(text, capHeight);
  kept.set(key, mask);
  return mask;
}
