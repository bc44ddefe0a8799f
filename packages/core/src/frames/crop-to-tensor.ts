import { cropAntialiased } from './crop-antialiased.js';
import { cropLength, type Crop } from './crop.js';
import type { Frame } from './frame.js';
import { kernelsOn } from './kernels.js';
import { SCRATCH_BYTES, withScratch } from './scratch.js';
import { rgbWeights } from './yuv-colour.js';

/** Chroma is taken where H.264 places it by default: level with the even luma columns, midway between two luma rows. */
type CropKernel = (
  luma: number,
  width: number,
  height: number,
  lumaStride: number,
  blueDifference: number,
  redDifference: number,
  chromaWidth: number,
  chromaHeight: number,
  chromaStride: number,
  outRed: number,
  outGreen: number,
  outBlue: number,
  step: number,
  rowBytes: number,
  columns: number,
  rowFrom: number,
  rowTo: number,
  xx: number,
  xy: number,
  x0: number,
  yx: number,
  yy: number,
  y0: number,
  black: number,
  lumaOffset: number,
  lumaWeight: number,
  redFromRed: number,
  greenFromBlue: number,
  greenFromRed: number,
  blueFromBlue: number,
  redScale: number,
  greenScale: number,
  blueScale: number,
  redOffset: number,
  greenOffset: number,
  blueOffset: number,
) => number;

/**
 * Samples a crop from a frame into `out` (at least {@link cropLength} values from `start` on). For use in any thread;
 * the same crop gives the same bits everywhere.
 *
 * @throws RangeError when the crop does not fit into `out`, is not finite or absurdly far away, or cannot be sampled in
 *   its way.
 */
export function cropToTensor(frame: Frame, crop: Crop, out: Float32Array, start = 0): void {
  requireSound(crop, out.length - start);
  if (crop.sampling === 'antialiased') cropAntialiased(frame, crop, out, start);
  else cropByKernel(frame, crop, out, start);
}

/** The part of an even crop that is sampled, as a crop of its own: its right half. */
function rightHalf(crop: Crop): Crop {
  const { toSource, width } = crop;
  const half = width / 2;
  const { xx, yx, x0, y0 } = toSource;
  return { ...crop, width: half, toSource: { ...toSource, x0: x0 + half * xx, y0: y0 + half * yx } };
}

function requireSound(crop: Crop, room: number): void {
  const { width, height, toSource, sampling } = crop;
  if (
    !Number.isInteger(width) ||
    !Number.isInteger(height) ||
    width < 1 ||
    height < 1 ||
    width > LARGEST_CROP ||
    height > LARGEST_CROP
  ) {
    throw new RangeError(`A crop has 1 to ${LARGEST_CROP} whole pixels to each side, not ${width}x${height}.`);
  }
  if (cropLength(crop) > room)
    throw new RangeError(
      `A crop of ${width}x${height} pixels needs ${cropLength(crop)} values, and there is room for ${room}.`,
    );
  const { xx, xy, x0, yx, yy, y0 } = toSource;
  if (!Number.isFinite(xx + xy + x0 + yx + yy + y0))
    throw new RangeError('The place of a crop in the frame must be finite.');
  const reach =
    Math.max(Math.abs(xx), Math.abs(yx), Math.abs(xy), Math.abs(yy)) * Math.max(width, height) +
    Math.max(Math.abs(x0), Math.abs(y0));
  if (reach > FARTHEST)
    throw new RangeError(`A crop reaches ${reach.toExponential(1)} pixels: no face lies so far from a frame.`);
  if (sampling === 'antialiased' && !(xy === 0 && yx === 0 && xx > 0 && yy > 0))
    throw new RangeError('Only upright crops can be antialiased.');
  if (crop.isEven === true && (width % 2 !== 0 || sampling !== 'bilinear'))
    throw new RangeError('An even crop has an even width and is sampled bilinearly.');
}

/**
 * Antialiasing takes time by the source pixels of a crop: one that a network makes up must not keep a worker for ever.
 */
const FARTHEST = 2 ** 20;
/** A row of such a crop, in floats, still fits into a place of scratch memory. */
const LARGEST_CROP = 8192;

function cropByKernel({ memory, offset, layout, colour }: Frame, crop: Crop, out: Float32Array, start: number): void {
  const kernel = kernelsOn('frames', memory)['cropBilinear'] as CropKernel;
  const { scale, offset: shift } = crop;
  const isEven = crop.isEven === true;
  const { width, height, toSource } = isEven ? rightHalf(crop) : crop;
  const weights = rgbWeights(colour);
  const [red, blue] = crop.channels === 'RGB' ? ([0, 2] as const) : ([2, 0] as const);
  const columns = Math.ceil(width / 4) * 4;
  const planar = crop.layout === 'NCHW';
  const bandRows = Math.min(height, Math.floor(SCRATCH_BYTES / (columns * 12)));
  const channelBytes = planar ? bandRows * columns * 4 : 4;
  withScratch(memory, (scratch) => {
    for (let row = 0; row < height; row += bandRows) {
      const rowTo = Math.min(row + bandRows, height);
      kernel(
        offset,
        layout.width,
        layout.height,
        layout.yStride,
        offset + layout.uOffset,
        offset + layout.vOffset,
        layout.chromaWidth,
        layout.chromaHeight,
        layout.uvStride,
        scratch + red * channelBytes,
        scratch + channelBytes,
        scratch + blue * channelBytes,
        planar ? 4 : 12,
        columns * (planar ? 4 : 12),
        columns,
        row,
        rowTo,
        toSource.xx,
        toSource.xy,
        toSource.x0,
        toSource.yx,
        toSource.yy,
        toSource.y0,
        crop.border === 'black' ? 1 : 0,
        weights.yOffset,
        weights.y,
        weights.rv,
        weights.gu,
        weights.gv,
        weights.bu,
        scale[red],
        scale[1],
        scale[blue],
        shift[red],
        shift[1],
        shift[blue],
      );
      const rows = rowTo - row;
      for (let plane = 0; plane < (planar ? 3 : 1); plane++) {
        const rowValues = planar ? crop.width : crop.width * 3;
        const band = new Float32Array(memory.buffer, scratch + plane * channelBytes, rows * columns * (planar ? 1 : 3));
        const place = start + (plane * height + row) * rowValues;
        const stride = planar ? columns : columns * 3;
        if (isEven) unfoldRows(band, stride, out, place, width, rows, planar ? 1 : 3);
        else copyRows(band, stride, out, place, rowValues, rows);
      }
    }
  });
}

function copyRows(
  from: Float32Array,
  stride: number,
  to: Float32Array,
  start: number,
  rowValues: number,
  rows: number,
): void {
  if (stride === rowValues) {
    to.set(from, start);
    return;
  }
  for (let row = 0; row < rows; row++)
    to.set(from.subarray(row * stride, row * stride + rowValues), start + row * rowValues);
}

/** Writes each row twice: its mirror image, then the row itself. */
function unfoldRows(
  from: Float32Array,
  stride: number,
  to: Float32Array,
  start: number,
  half: number,
  rows: number,
  channels: number,
): void {
  for (let row = 0; row < rows; row++) {
    const read = row * stride;
    const middle = start + (2 * row + 1) * half * channels;
    to.set(from.subarray(read, read + half * channels), middle);
    for (let column = 0; column < half; column++)
      for (let channel = 0; channel < channels; channel++)
        to[middle - (column + 1) * channels + channel] = from[read + column * channels + channel] ?? 0;
  }
}
