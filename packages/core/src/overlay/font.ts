import type { Mask } from './paint.js';

/**
 * A sans-serif of even strokes, drawn smoothly at any size. Units: capitals and digits are 10 high, y goes down from
 * their top. A letter is its width and its strokes: `M x y` lifts the pen, `L x y` draws a line, `A cx cy rx ry from
 * to` an arc (degrees from the right, clockwise), joined to where the pen is.
 */
const GLYPHS: Readonly<Record<string, readonly [width: number, strokes: string]>> = {
  A: [7, 'M 0 10 L 3.5 0 L 7 10 M 1.2 6.6 L 5.8 6.6'],
  B: [6.2, 'M 0 4.9 L 3.4 4.9 A 3.4 2.45 2.4 2.45 90 -90 L 0 0 L 0 10 L 3.6 10 A 3.6 7.45 2.6 2.55 90 -90'],
  C: [6.4, 'A 3.7 5 3.7 5 -45 -315'],
  D: [6.6, 'M 0 0 L 0 10 L 2.6 10 A 2.6 5 4 5 90 -90 L 0 0'],
  E: [5.4, 'M 5.4 0 L 0 0 L 0 10 L 5.4 10 M 0 4.9 L 4.7 4.9'],
  F: [5.2, 'M 5.2 0 L 0 0 L 0 10 M 0 5 L 4.5 5'],
  G: [7.3, 'A 3.7 5 3.7 5 -45 -360 L 4.3 5'],
  H: [6.2, 'M 0 0 L 0 10 M 6.2 0 L 6.2 10 M 0 4.9 L 6.2 4.9'],
  I: [0, 'M 0 0 L 0 10'],
  J: [4.4, 'M 4.4 0 L 4.4 7.5 A 2.2 7.5 2.2 2.5 0 165'],
  K: [6.2, 'M 0 0 L 0 10 M 6 0 L 0 6.3 M 2.2 4.1 L 6.2 10'],
  L: [5, 'M 0 0 L 0 10 L 5 10'],
  M: [8, 'M 0 10 L 0 0 L 4 7 L 8 0 L 8 10'],
  N: [6.4, 'M 0 10 L 0 0 L 6.4 10 L 6.4 0'],
  O: [7.6, 'A 3.8 5 3.8 5 0 360'],
  P: [6.2, 'M 0 10 L 0 0 L 3.4 0 A 3.4 2.8 2.8 2.8 -90 90 L 0 5.6'],
  Q: [7.6, 'A 3.8 5 3.8 5 0 360 M 4.8 7.2 L 7.6 10.5'],
  R: [6.4, 'M 0 10 L 0 0 L 3.5 0 A 3.5 2.7 2.7 2.7 -90 90 L 0 5.4 M 3.2 5.4 L 6.4 10'],
  S: [6, 'A 3 2.6 2.7 2.6 -25 -270 A 3 7.6 3 2.4 -90 155'],
  T: [6.6, 'M 0 0 L 6.6 0 M 3.3 0 L 3.3 10'],
  U: [6.4, 'M 0 0 L 0 6.9 A 3.2 6.9 3.2 3.1 180 0 L 6.4 0'],
  V: [7, 'M 0 0 L 3.5 10 L 7 0'],
  W: [10, 'M 0 0 L 2.5 10 L 5 1.5 L 7.5 10 L 10 0'],
  X: [6.4, 'M 0 0 L 6.4 10 M 6.4 0 L 0 10'],
  Y: [6.6, 'M 0 0 L 3.3 5.2 L 6.6 0 M 3.3 5.2 L 3.3 10'],
  Z: [6, 'M 0 0 L 6 0 L 0 10 L 6 10'],
  // Digits are all as wide as each other, so that a changing number does not move the words beside it.
  '0': [6, 'A 3 5 3 5 0 360'],
  '1': [6, 'M 1 2 L 3.4 0 L 3.4 10'],
  '2': [6, 'A 3 2.9 2.8 2.9 -165 42 L 0.2 10 L 6 10'],
  '3': [6, 'A 2.9 2.45 2.6 2.45 -155 90 A 2.9 7.45 3 2.55 -90 155'],
  '4': [6, 'M 4.6 10 L 4.6 0 L 0 7.1 L 6.2 7.1'],
  '5': [6, 'M 5.4 0 L 1 0 L 0.6 4.6 A 2.9 6.7 3.1 3.3 -135 150'],
  '6': [6, 'A 3 6.8 3 3.2 0 360 M 0 6.8 A 5.2 6.8 5.2 6.8 180 262'],
  '7': [6, 'M 0 0 L 6 0 L 2.2 10'],
  '8': [6, 'A 3 2.4 2.5 2.4 0 360 M 6 7.4 A 3 7.4 3 2.6 0 360'],
  '9': [6, 'A 3 3.2 3 3.2 0 360 A 0.8 3.2 5.2 6.8 0 82'],
  '.': [0.4, 'M 0 9.9 L 0.4 9.9'],
  '-': [3.4, 'M 0 5.4 L 3.4 5.4'],
  '+': [5, 'M 0 5.4 L 5 5.4 M 2.5 2.9 L 2.5 7.9'],
  '°': [3, 'A 1.5 1.5 1.5 1.5 0 360'],
  ':': [0.4, 'M 0 3.4 L 0.4 3.4 M 0 9.9 L 0.4 9.9'],
  ' ': [2, ''],
};

const CAP_HEIGHT = 10;
/** Half a stroke's width, in units. */
const HALF_STROKE = 0.75;
/** Between the strokes of neighbouring letters, in units. */
const SPACING = 3.2;
/** Arcs are drawn as lines of this many degrees. */
const ARC_STEP = 15;

interface Letter {
  readonly width: number;
  /** x1, y1, x2, y2 of each line. */
  readonly lines: readonly (readonly [number, number, number, number])[];
}

const LETTERS: ReadonlyMap<string, Letter> = new Map(
  Object.entries(GLYPHS).map(([letter, [width, strokes]]) => [letter, { width, lines: linesOf(strokes) }]),
);
const BLANK: Letter = { width: 2, lines: [] };

/** Width in pixels of a line of text with capitals of that height; unknown letters are blank. */
export function textWidth(text: string, capHeight: number): number {
  const units = Array.from(text).reduce((sum, letter) => sum + letterOf(letter).width + SPACING, SPACING);
  return Math.ceil((units * capHeight) / CAP_HEIGHT);
}

/** A line of text with smooth edges; the mask reaches half a stroke above and below the capitals. */
export function textMask(text: string, capHeight: number): Mask {
  const scale = capHeight / CAP_HEIGHT;
  const margin = Math.ceil(HALF_STROKE * scale) + 1;
  const width = textWidth(text, capHeight);
  const height = Math.ceil(capHeight) + 2 * margin;
  const ink = new Uint8Array(width * height);
  let left = SPACING * scale;
  for (const character of text) {
    const letter = letterOf(character);
    drawLetter({ width, height, ink }, letter, left, margin, scale);
    left += (letter.width + SPACING) * scale;
  }
  return { width, height, ink };
}

function letterOf(letter: string): Letter {
  return LETTERS.get(letter) ?? BLANK;
}

function drawLetter({ width, height, ink }: Mask, { lines }: Letter, left: number, top: number, scale: number): void {
  const half = Math.max(0.5, HALF_STROKE * scale);
  const reach = half + 1;
  for (const [x1, y1, x2, y2] of lines) {
    const [ax, ay, bx, by] = [left + x1 * scale, top + y1 * scale, left + x2 * scale, top + y2 * scale];
    const [dx, dy] = [bx - ax, by - ay];
    const squared = dx * dx + dy * dy;
    const lastRow = Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach));
    const lastColumn = Math.min(width - 1, Math.ceil(Math.max(ax, bx) + reach));
    for (let y = Math.max(0, Math.floor(Math.min(ay, by) - reach)); y <= lastRow; y++) {
      for (let x = Math.max(0, Math.floor(Math.min(ax, bx) - reach)); x <= lastColumn; x++) {
        const along = squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / squared));
        const share = half + 0.5 - Math.hypot(x - ax - along * dx, y - ay - along * dy);
        if (share <= 0) continue;
        const at = y * width + x;
        ink[at] = Math.max(ink[at] ?? 0, Math.round(Math.min(1, share) * 255));
      }
    }
  }
}

function linesOf(strokes: string): Letter['lines'] {
  const lines: [number, number, number, number][] = [];
  let pen: readonly [number, number] | null = null;
  const drawTo = (x: number, y: number): void => {
    if (pen !== null) lines.push([pen[0], pen[1], x, y]);
    pen = [x, y];
  };
  for (const [, command, numbers = ''] of strokes.matchAll(/([MLA])([^MLA]*)/g)) {
    const [a = 0, b = 0, rx = 0, ry = 0, from = 0, to = 0] = numbers.trim().split(/\s+/).map(Number);
    if (command === 'M') pen = [a, b];
    else if (command === 'L') drawTo(a, b);
    else {
      const steps = Math.ceil(Math.abs(to - from) / ARC_STEP);
      for (let step = 0; step <= steps; step++) {
        const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
        drawTo(a + rx * Math.cos(angle), b + ry * Math.sin(angle));
      }
    }
  }
  return lines;
}
