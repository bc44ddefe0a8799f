import type { Crop } from './crop.js';
import { framePlanes, type Frame } from './frame.js';
import { rgbWeights } from './yuv-colour.js';

const single = Math.fround;

/**
 * The plain version of the kernel in assembly/ that samples bilinear crops, to the bit: what the kernel is held to.
 * Positions are in double precision, samples in single.
 */
export function cropPlain(frame: Frame, crop: Crop, out: Float32Array, start = 0): void {
  const { layout } = frame;
  const planes = framePlanes(frame);
  const weights = rgbWeights(frame.colour);
  const luma: Plane = { data: planes.y, stride: layout.yStride, width: layout.width, height: layout.height };
  const chroma = { stride: layout.uvStride, width: layout.chromaWidth, height: layout.chromaHeight };
  const { toSource } = crop;
  const [step, channelStep] = crop.layout === 'NCHW' ? [1, crop.width * crop.height] : [3, 1];
  const [red, blue] = crop.channels === 'RGB' ? ([0, 2] as const) : ([2, 0] as const);
  for (let row = 0; row < crop.height; row++) {
    for (let column = 0; column < crop.width; column++) {
      const seen = crop.isEven === true && column < crop.width / 2 ? crop.width - 1 - column : column;
      const x = toSource.xx * seen + (toSource.xy * row + toSource.x0);
      const y = toSource.yx * seen + (toSource.yy * row + toSource.y0);
      const inside = crop.border === 'clamp' ? 1 : single(coverage(x, luma.width) * coverage(y, luma.height));
      const light = single(single(bilinear(luma, x, y) - weights.yOffset) * single(weights.y));
      const u = single(bilinear({ data: planes.u, ...chroma }, x / 2, (y - 0.5) / 2) - 128);
      const v = single(bilinear({ data: planes.v, ...chroma }, x / 2, (y - 0.5) / 2) - 128);
      const rgb = [
        [red, single(light + single(single(weights.rv) * v))],
        [1, single(single(light + single(single(weights.gu) * u)) + single(single(weights.gv) * v))],
        [blue, single(light + single(single(weights.bu) * u))],
      ] as const;
      for (const [channel, value] of rgb) {
        const sample = single(Math.min(Math.max(value, 0), 255) * inside);
        out[start + (row * crop.width + column) * step + channel * channelStep] =
          single(sample * single(crop.scale[channel])) + single(crop.offset[channel]);
      }
    }
  }
}

interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** How much of a bilinear sample at a coordinate falls on the frame: 1 inside, falling to 0 one pixel outside. */
function coverage(coordinate: number, size: number): number {
  return Math.max(0, Math.min(1, coordinate + 1, size - coordinate));
}

function bilinear({ data, stride, width, height }: Plane, x: number, y: number): number {
  const atX = Math.max(0, Math.min(width - 1, x));
  const atY = Math.max(0, Math.min(height - 1, y));
  const left = Math.floor(atX);
  const top = Math.floor(atY);
  const fractionX = single(atX - left);
  const fractionY = single(atY - top);
  const at = (column: number, row: number): number =>
    data[Math.min(row, height - 1) * stride + Math.min(column, width - 1)] ?? 0;
  const upper = mix(at(left, top), at(left + 1, top), fractionX);
  const lower = mix(at(left, top + 1), at(left + 1, top + 1), fractionX);
  return mix(upper, lower, fractionY);
}

function mix(a: number, b: number, share: number): number {
  return single(a + single(single(b - a) * share));
}
