import type { HeadAngles } from '../face/head-pose.js';
import type { Midline } from '../face/midline.js';
import type { Landmarks } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import { GLYPH_HEIGHT, GLYPH_WIDTH, hasInk } from './font.js';
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
 * Draws what the program saw onto a frame, in place: the midline in red from edge to edge, the landmarks when given, and
 * a banner along the top that says how far the head is turned (towards the patient's own left or right), or NO FACE.
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

function drawDots(frame: Frame, { points }: Landmarks): void {
  const radius = Math.max(0.8, Math.min(frame.layout.width, frame.layout.height) / 600);
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

/** Letters stand in cells with a column and two rows to spare. */
const CELL_WIDTH = GLYPH_WIDTH + 1;
const CELL_HEIGHT = GLYPH_HEIGHT + 4;

function drawBanner(frame: Frame, text: string, colour: Rgb): void {
  const { width, height } = frame.layout;
  // Letters some 4 % of the shorter side high, and never wider than the frame.
  const dot = Math.max(
    1,
    Math.min(Math.round(Math.min(width, height) / 170), Math.floor(width / ((text.length + 1) * CELL_WIDTH))),
  );
  const bottom = CELL_HEIGHT * dot;
  shadeTop(frame, BLACK, bottom, BANNER_OPACITY);
  const left = Math.max(0, Math.round((width - text.length * CELL_WIDTH * dot) / 2));
  paintMask(frame, colour, left, 2 * dot, lettering(text, dot));
}

/** A line of text, each place of a letter `dot` pixels wide and high. */
function lettering(text: string, dot: number): Mask {
  const width = text.length * CELL_WIDTH * dot;
  const ink = new Uint8Array(width * GLYPH_HEIGHT * dot);
  for (let row = 0; row < GLYPH_HEIGHT; row++) {
    const start = row * dot * width;
    for (let place = 0; place < text.length * CELL_WIDTH; place++) {
      const cell = Math.floor(place / CELL_WIDTH);
      if (hasInk(text[cell] ?? ' ', place - cell * CELL_WIDTH, row))
        ink.fill(1, start + place * dot, start + (place + 1) * dot);
    }
    for (let copy = 1; copy < dot; copy++) ink.copyWithin(start + copy * width, start, start + width);
  }
  return { width, height: GLYPH_HEIGHT * dot, ink };
}
