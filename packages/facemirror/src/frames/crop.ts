import { framePlanes, type Colour, type Frame } from './frame.js';

/**
 * Where a crop's pixel comes from in the frame: `sourceX = xx * x + xy * y + x0`, `sourceY = yx * x + yy * y + y0`, with
 * pixel centres at integers on both sides.
 */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** A warped piece of a frame as a network wants it. */
export interface Crop {
  readonly toSource: Affine;
  readonly width: number;
  readonly height: number;
  /** Order of the values: planes (NCHW) or interleaved (NHWC). */
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'RGB' | 'BGR';
  /** A value is `sample * scale + offset` of its channel (in the order of `channels`), the sample being 0 to 255. */
  readonly scale: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
  /** What lies outside the frame: black (sample 0), or the nearest pixel of the frame. */
  readonly border: 'black' | 'clamp';
  /**
   * `bilinear` mixes the four nearest pixels; `antialiased` widens that triangle to the crop's pixel size where the crop
   * shrinks the frame (what Pillow and torchvision do with antialias). `antialiased` takes upright crops only (xy = yx = 0).
   */
  readonly sampling: 'bilinear' | 'antialiased';
}

/** Number of values of a crop. */
export function cropLength(crop: Crop): number {
  return crop.width * crop.height * 3;
}

interface RgbWeights {
  readonly y: number;
  readonly yOffset: number;
  readonly rv: number;
  readonly gu: number;
  readonly gv: number;
  readonly bu: number;
}

const LUMA = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const;

/** What red and blue count for in luma; green counts for the rest. */
export function lumaWeights(matrix: Colour['matrix']): readonly [red: number, blue: number] {
  return LUMA[matrix];
}

/** The weights of Y'CbCr to R'G'B' on 8-bit values (ITU-R BT.601-7, BT.709-6, BT.2020-2, each section 3). */
export function rgbWeights({ matrix, range }: Colour): RgbWeights {
  const [kr, kb] = LUMA[matrix];
  const kg = 1 - kr - kb;
  const luma = range === 'limited' ? 255 / 219 : 1;
  const chroma = range === 'limited' ? 255 / 224 : 1;
  return {
    y: luma,
    yOffset: range === 'limited' ? 16 : 0,
    rv: 2 * (1 - kr) * chroma,
    gu: (-2 * kb * (1 - kb) * chroma) / kg,
    gv: (-2 * kr * (1 - kr) * chroma) / kg,
    bu: 2 * (1 - kb) * chroma,
  };
}

/**
 * Samples a crop from a frame into `out` (at least {@link cropLength} values from `start` on). Chroma is taken where
 * H.264 places it by default: level with the even luma columns, midway between two luma rows.
 */
export function cropToTensor(frame: Frame, crop: Crop, out: Float32Array, start = 0): void {
  const { layout } = frame;
  const planes = framePlanes(frame);
  const weights = rgbWeights(frame.colour);
  const { toSource } = crop;
  const plane = crop.width * crop.height;
  const [step, channelStep] = crop.layout === 'NCHW' ? [1, plane] : [3, 1];
  const [redChannel, blueChannel] = crop.channels === 'RGB' ? ([0, 2] as const) : ([2, 0] as const);
  const shrinks = crop.sampling === 'antialiased';
  const reachX = shrinks ? Math.max(1, Math.abs(toSource.xx)) : 1;
  const reachY = shrinks ? Math.max(1, Math.abs(toSource.yy)) : 1;
  const luma: Plane = { data: planes.y, stride: layout.yStride, width: layout.width, height: layout.height };
  const chromaSize = { stride: layout.uvStride, width: layout.chromaWidth, height: layout.chromaHeight };
  const blueDifference: Plane = { data: planes.u, ...chromaSize };
  const redDifference: Plane = { data: planes.v, ...chromaSize };
  for (let row = 0; row < crop.height; row++) {
    for (let column = 0; column < crop.width; column++) {
      const x = toSource.xx * column + toSource.xy * row + toSource.x0;
      const y = toSource.yx * column + toSource.yy * row + toSource.y0;
      const inside = crop.border === 'clamp' ? 1 : coverage(x, luma.width) * coverage(y, luma.height);
      let red = 0;
      let green = 0;
      let blue = 0;
      if (inside > 0) {
        const light = (sample(luma, x, y, reachX, reachY) - weights.yOffset) * weights.y;
        const u = sample(blueDifference, x / 2, (y - 0.5) / 2, Math.max(1, reachX / 2), Math.max(1, reachY / 2)) - 128;
        const v = sample(redDifference, x / 2, (y - 0.5) / 2, Math.max(1, reachX / 2), Math.max(1, reachY / 2)) - 128;
        red = inside * clampByte(light + weights.rv * v);
        green = inside * clampByte(light + weights.gu * u + weights.gv * v);
        blue = inside * clampByte(light + weights.bu * u);
      }
      const at = start + (row * crop.width + column) * step;
      out[at + redChannel * channelStep] = red * crop.scale[redChannel] + crop.offset[redChannel];
      out[at + channelStep] = green * crop.scale[1] + crop.offset[1];
      out[at + blueChannel * channelStep] = blue * crop.scale[blueChannel] + crop.offset[blueChannel];
    }
  }
}

interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** How much of a bilinear sample at a coordinate falls on the frame: 1 inside, falling to 0 one pixel outside. */
function coverage(coordinate: number, size: number): number {
  return Math.max(0, Math.min(1, coordinate + 1, size - coordinate));
}

/** A triangle-weighted mean about (x, y), `reach` pixels to each side, the border's pixels repeated outward. */
function sample(plane: Plane, x: number, y: number, reachX: number, reachY: number): number {
  if (reachX === 1 && reachY === 1) return bilinear(plane, x, y);
  let sum = 0;
  let total = 0;
  for (let row = Math.ceil(y - reachY); row <= Math.floor(y + reachY); row++) {
    const weightY = 1 - Math.abs(row - y) / reachY;
    const line = Math.max(0, Math.min(plane.height - 1, row)) * plane.stride;
    for (let column = Math.ceil(x - reachX); column <= Math.floor(x + reachX); column++) {
      const weight = weightY * (1 - Math.abs(column - x) / reachX);
      sum += weight * (plane.data[line + Math.max(0, Math.min(plane.width - 1, column))] ?? 0);
      total += weight;
    }
  }
  return total === 0 ? 0 : sum / total;
}

function bilinear(plane: Plane, x: number, y: number): number {
  const { data, stride } = plane;
  const atX = Math.max(0, Math.min(plane.width - 1, x));
  const atY = Math.max(0, Math.min(plane.height - 1, y));
  const left = Math.floor(atX);
  const top = Math.floor(atY);
  const right = left + 1 < plane.width ? left + 1 : left;
  const above = top * stride;
  const below = top + 1 < plane.height ? above + stride : above;
  const upper = (data[above + left] ?? 0) + ((data[above + right] ?? 0) - (data[above + left] ?? 0)) * (atX - left);
  const lower = (data[below + left] ?? 0) + ((data[below + right] ?? 0) - (data[below + left] ?? 0)) * (atX - left);
  return upper + (lower - upper) * (atY - top);
}
