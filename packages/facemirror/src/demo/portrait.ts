import { readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Warp } from './warp.js';

/** A picture in 8-bit BT.709 limited-range Y, U and V, all three at full size. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/** An upright rectangle of the portrait, in its pixels, from its left and top edge. */
export interface Cut {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The portrait that the demo is made of: Eileen Collins, NASA, public domain. */
const PORTRAIT_FILE = new URL('../../assets/astronaut.png', import.meta.url);

/**
 * Reads the portrait, warps it and enlarges a cut of it `scale` times (Catmull-Rom; edge pixels reach outwards).
 *
 * @throws FaceMirrorError `FILE_UNREADABLE` when the portrait is not where the program was installed.
 */
export function portraitPicture(cut: Cut, scale: number, warp: Warp): Picture {
  const { width: sourceWidth, height: sourceHeight, data, channels } = readPortrait();
  const width = Math.round(cut.width * scale);
  const height = Math.round(cut.height * scale);
  const picture = {
    width,
    height,
    y: new Uint8Array(width * height),
    u: new Uint8Array(width * height),
    v: new Uint8Array(width * height),
  };
  const weightsX = new Float64Array(4);
  const weightsY = new Float64Array(4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = warp(cut.left + (column + 0.5) / scale - 0.5, cut.top + (row + 0.5) / scale - 0.5);
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      catmullRom(x - x0, weightsX);
      catmullRom(y - y0, weightsY);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = 0; j < 4; j++) {
        const line = Math.min(sourceHeight - 1, Math.max(0, y0 + j - 1)) * sourceWidth;
        for (let i = 0; i < 4; i++) {
          const at = (line + Math.min(sourceWidth - 1, Math.max(0, x0 + i - 1))) * channels;
          const weight = (weightsX[i] ?? 0) * (weightsY[j] ?? 0);
          red += weight * (data[at] ?? 0);
          green += weight * (data[at + 1] ?? 0);
          blue += weight * (data[at + 2] ?? 0);
        }
      }
      setYuv(picture, row * width + column, red, green, blue);
    }
  }
  return picture;
}

function readPortrait(): {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
  readonly channels: number;
} {
  try {
    return decode(readFileSync(PORTRAIT_FILE));
  } catch (error) {
    throw new FaceMirrorError(
      'FILE_UNREADABLE',
      `The demo's portrait, ${PORTRAIT_FILE.pathname}, cannot be read; install facemirror again.`,
      { cause: error },
    );
  }
}

/** Weights of the pixels at -1, 0, 1 and 2 for a place between 0 and 1. */
function catmullRom(t: number, into: Float64Array): void {
  into[0] = ((2 - t) * t - 1) * t * 0.5;
  into[1] = ((3 * t - 5) * t * t + 2) * 0.5;
  into[2] = ((4 - 3 * t) * t + 1) * t * 0.5;
  into[3] = (t - 1) * t * t * 0.5;
}

/** RGB (0 to 255) as BT.709 in limited range. */
function setYuv(picture: Picture, at: number, red: number, green: number, blue: number): void {
  const luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  picture.y[at] = clampByte(16 + (219 / 255) * luma);
  picture.u[at] = clampByte(128 + ((224 / 255) * (blue - luma)) / 1.8556);
  picture.v[at] = clampByte(128 + ((224 / 255) * (red - luma)) / 1.5748);
}

function clampByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
