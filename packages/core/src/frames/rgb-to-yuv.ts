import { framePlanes, type Colour, type Frame } from './frame.js';
import { lumaWeights } from './yuv-colour.js';

/** 8-bit R'G'B' values to Y'CbCr values, not rounded. */
export type RgbToYuv = (red: number, green: number, blue: number) => readonly [y: number, u: number, v: number];

/**
 * The conversion for a frame's colours (ITU-R BT.601-7, BT.709-6, BT.2020-2, each section 3): the inverse of
 * `rgbWeights`.
 */
export function rgbToYuv({ matrix, range }: Colour): RgbToYuv {
  const [kr, kb] = lumaWeights(matrix);
  const luma = range === 'limited' ? 219 / 255 : 1;
  const chroma = range === 'limited' ? 224 / 255 : 1;
  const black = range === 'limited' ? 16 : 0;
  return (red, green, blue) => {
    const y = kr * red + (1 - kr - kb) * green + kb * blue;
    return [
      black + luma * y,
      128 + (chroma * (blue - y)) / (2 * (1 - kb)),
      128 + (chroma * (red - y)) / (2 * (1 - kr)),
    ];
  };
}

/**
 * Puts a still image into a frame of its size.
 * @param pixels interleaved 8-bit R'G'B', or with a fourth value (alpha, ignored) when `channels` is 4; rows without
 *   gaps.
 *
 * A chroma sample is the mean of the pixels to both sides of its place (left-sited as the crops read it): columns with
 * weights 1, 2, 1, and the two rows.
 */
export function writeRgb(frame: Frame, pixels: Uint8Array | Uint8ClampedArray, channels: 3 | 4 = 3): void {
  const { width, height, chromaWidth, chromaHeight, yStride, uvStride } = frame.layout;
  if (pixels.length !== width * height * channels) {
    throw new RangeError(
      `A ${width}x${height} image with ${channels} channels has ${width * height * channels} values, ` +
        `not ${pixels.length}.`,
    );
  }
  const convert = rgbToYuv(frame.colour);
  const planes = framePlanes(frame);
  const at = (x: number, y: number, channel: number): number =>
    pixels[(Math.min(y, height - 1) * width + Math.min(Math.max(x, 0), width - 1)) * channels + channel] ?? 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) planes.y[y * yStride + x] = byte(convert(at(x, y, 0), at(x, y, 1), at(x, y, 2))[0]);
  }
  const mean = (x: number, y: number, channel: number): number => {
    const column = (place: number): number => at(place, y, channel) + at(place, y + 1, channel);
    return (column(x - 1) + 2 * column(x) + column(x + 1)) / 8;
  };
  for (let row = 0; row < chromaHeight; row++) {
    for (let column = 0; column < chromaWidth; column++) {
      const [x, y] = [2 * column, 2 * row];
      const [, u, v] = convert(mean(x, y, 0), mean(x, y, 1), mean(x, y, 2));
      planes.u[row * uvStride + column] = byte(u);
      planes.v[row * uvStride + column] = byte(v);
    }
  }
}

function byte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
