import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { OnnxLensError } from '../errors.js';
import { unreadable } from '../files.js';
import { floatTensor, type Tensor } from '../model/tensors.js';

/** What stands between a picture's pixels and a network's input: `(pixel - mean) / std` for each channel. */
export interface ImagePreprocessing {
  /** Subtracted from pixels of 0 to 255; one number, or one for each channel. Default 0. */
  readonly mean?: readonly number[];
  /** Divided by; one number, or one for each channel. Default 255, which gives 0 to 1. */
  readonly std?: readonly number[];
  /** Order of the channels. Default 'rgb'. */
  readonly order?: 'rgb' | 'bgr';
}

/** Red, green and blue of each pixel, row by row, 0 to 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** File name endings of the pictures that are read. */
export const PICTURE_ENDINGS: readonly string[] = ['.png', '.jpg', '.jpeg'];
/** A few kilobytes of file can claim any size. */
const MOST_MEGAPIXELS = 64;

/**
 * Reads a PNG or JPEG file, as stored: orientation notes of cameras are not followed, transparency is left out.
 * @throws OnnxLensError FILE_UNREADABLE for what is no such picture, or is larger than 64 megapixels.
 */
export function readPicture(path: string): Picture {
  try {
    const bytes = readFileSync(path);
    return extname(path).toLowerCase() === '.png' ? fromPng(bytes) : fromJpeg(bytes);
  } catch (cause) {
    throw unreadable(`the picture ${path}`, cause);
  }
}

function fromPng(bytes: Buffer): Picture {
  // Width and height are in the header, the first chunk, before anything is unpacked.
  const [width, height] = bytes.length < 24 ? [0, 0] : [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (width * height > MOST_MEGAPIXELS * 1e6)
    throw new Error(`it claims ${width} x ${height} pixels, more than ${MOST_MEGAPIXELS} megapixels`);
  const png = decodePng(bytes);
  if (png.palette !== undefined)
    return {
      width: png.width,
      height: png.height,
      data: everyThird(convertIndexedToRgb(png), png.palette[0]?.length ?? 3),
    };
  if (png.depth < 8) throw new Error(`it has ${png.depth} bits a pixel; 8 and 16 are read`);
  return { width: png.width, height: png.height, data: rgbOf(png) };
}

/** Colours without their transparency. */
function everyThird(colours: ArrayLike<number>, channels: number): Uint8Array {
  const count = colours.length / channels;
  const data = new Uint8Array(3 * count);
  for (let pixel = 0; pixel < count; pixel++)
    for (let channel = 0; channel < 3; channel++) data[3 * pixel + channel] = colours[channels * pixel + channel] ?? 0;
  return data;
}

function rgbOf({ data, channels, depth, width, height }: DecodedPng): Uint8Array {
  const rgb = new Uint8Array(3 * width * height);
  const isGrey = channels < 3;
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = data[channels * pixel + (isGrey ? 0 : channel)] ?? 0;
      rgb[3 * pixel + channel] = depth === 16 ? value >> 8 : value;
    }
  }
  return rgb;
}

function fromJpeg(bytes: Buffer): Picture {
  const { width, height, data } = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: MOST_MEGAPIXELS,
    maxMemoryUsageInMB: 1024,
  });
  return { width, height, data };
}

/**
 * A picture as the input of a network: stretched to its size by averaging the pixels that fall on each, then
 * {@link ImagePreprocessing}.
 *
 * @param shape of the input, with one axis of 3 channels, at the second place (NCHW) or the last (NHWC); free height
 *   and width take the picture's own, a free batch counts as 1.
 * @throws OnnxLensError USAGE for an input that takes no picture.
 */
export function pictureTensor(
  picture: Picture,
  shape: readonly (number | string)[],
  { mean = [0], std = [255], order = 'rgb' }: ImagePreprocessing,
  input: string,
): Tensor {
  const isPlanar = shape.length === 4 && shape[1] === 3;
  if (!isPlanar && !(shape.length === 4 && shape[3] === 3)) {
    throw new OnnxLensError(
      'USAGE',
      `Input "${input}" of shape [${shape.join(', ')}] takes no picture: four axes are needed, three channels at the second place or the last. Give .f32 files.`,
    );
  }
  if (typeof shape[0] === 'number' && shape[0] !== 1)
    throw new OnnxLensError(
      'USAGE',
      `Input "${input}" takes ${shape[0]} pictures at once; calibrate a model whose batch is free or 1.`,
    );
  const [height, width] = [
    sizeOf(shape[isPlanar ? 2 : 1], picture.height),
    sizeOf(shape[isPlanar ? 3 : 2], picture.width),
  ];
  const pixels = stretch(picture, width, height);
  const data = new Float32Array(3 * width * height);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = (pixels[3 * at + (order === 'rgb' ? channel : 2 - channel)] ?? 0) - (mean[channel] ?? mean[0] ?? 0);
      data[isPlanar ? channel * width * height + at : 3 * at + channel] = value / (std[channel] ?? std[0] ?? 1);
    }
  }
  return floatTensor(isPlanar ? [1, 3, height, width] : [1, height, width, 3], data);
}

function sizeOf(dim: number | string | undefined, own: number): number {
  return typeof dim === 'number' ? dim : own;
}

/** Bilinear where a picture grows, the mean of what falls on a pixel where it shrinks: a triangle as wide as a step. */
function stretch(picture: Picture, width: number, height: number): Float32Array {
  const rows = alongRows(Float32Array.from(picture.data), picture.width, picture.height, width);
  return transpose(alongRows(transpose(rows, width, picture.height), picture.height, width, height), height, width);
}

/** Resamples each row of [rows, from] colours to [rows, to]. */
function alongRows(data: Float32Array, from: number, rows: number, to: number): Float32Array {
  const step = from / to;
  const reach = Math.max(1, step);
  const result = new Float32Array(3 * rows * to);
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * step - 0.5;
    const taps: { readonly at: number; readonly weight: number }[] = [];
    for (let at = Math.ceil(centre - reach); at <= Math.floor(centre + reach); at++) {
      const weight = 1 - Math.abs(at - centre) / reach;
      if (weight > 0) taps.push({ at: Math.min(Math.max(at, 0), from - 1), weight });
    }
    const total = taps.reduce((sum, { weight }) => sum + weight, 0);
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const { at, weight } of taps) sum += weight * (data[3 * (row * from + at) + channel] ?? 0);
        result[3 * (row * to + x) + channel] = sum / total;
      }
    }
  }
  return result;
}

/** [rows, columns] colours to [columns, rows]. */
function transpose(data: Float32Array, columns: number, rows: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let channel = 0; channel < 3; channel++)
        result[3 * (column * rows + row) + channel] = data[3 * (row * columns + column) + channel] ?? 0;
    }
  }
  return result;
}
