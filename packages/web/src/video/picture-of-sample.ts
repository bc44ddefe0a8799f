import type { VideoSample } from 'mediabunny';
import type { Picture, Plane } from './planes.js';

/** How pixels of the formats that decoders give lie in memory. More than 8 bits take two bytes, the low one first. */
const FORMATS = {
  I420: { chromaX: 2, chromaY: 2, bits: 8, isWoven: false },
  I420A: { chromaX: 2, chromaY: 2, bits: 8, isWoven: false },
  NV12: { chromaX: 2, chromaY: 2, bits: 8, isWoven: true },
  I422: { chromaX: 2, chromaY: 1, bits: 8, isWoven: false },
  I444: { chromaX: 1, chromaY: 1, bits: 8, isWoven: false },
  I420P10: { chromaX: 2, chromaY: 2, bits: 10, isWoven: false },
  I422P10: { chromaX: 2, chromaY: 1, bits: 10, isWoven: false },
  I444P10: { chromaX: 1, chromaY: 1, bits: 10, isWoven: false },
  I420P12: { chromaX: 2, chromaY: 2, bits: 12, isWoven: false },
  I422P12: { chromaX: 2, chromaY: 1, bits: 12, isWoven: false },
  I444P12: { chromaX: 1, chromaY: 1, bits: 12, isWoven: false },
} as const;

type Format = keyof typeof FORMATS;

/** Whether a sample's pixels can be read as YUV. Others have to be drawn. */
export function isReadable(sample: VideoSample): boolean {
  return sample.format !== null && Object.hasOwn(FORMATS, sample.format);
}

/** Reads decoded pictures, one after another in the same memory. */
export class SampleReader {
  #bytes = new Uint8Array();

  /** A sample's visible picture as 8-bit YUV 4:2:0; valid until the next call. */
  async read(sample: VideoSample): Promise<Picture> {
    const { chromaX, chromaY, bits, isWoven } = FORMATS[sample.format as Format];
    const { width, height } = sample.visibleRect;
    const size = sample.allocationSize();
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(size);
    const layout = await sample.copyTo(this.#bytes);
    const chroma = { width: Math.ceil(width / chromaX), height: Math.ceil(height / chromaY) };
    const plane = (index: number, of: { width: number; height: number }, step: number, from: number): Plane => {
      const { offset, stride } = layout[index] ?? { offset: 0, stride: 0 };
      return gathered(this.#bytes, offset + from, stride, of, { step, shift: bits - 8 });
    };
    const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
    const halved = (each: Plane): Plane => (chromaX === 2 && chromaY === 2 ? each : averaged(each, half));
    return {
      y: plane(0, { width, height }, 1, 0),
      u: halved(isWoven ? plane(1, chroma, 2, 0) : plane(1, chroma, 1, 0)),
      v: halved(isWoven ? plane(1, chroma, 2, 1) : plane(2, chroma, 1, 0)),
    };
  }
}

function gathered(
  bytes: Uint8Array,
  start: number,
  stride: number,
  { width, height }: { readonly width: number; readonly height: number },
  { step, shift }: { readonly step: number; readonly shift: number },
): Plane {
  if (step === 1 && shift === 0 && stride === width)
    return { width, height, values: bytes.subarray(start, start + width * height) };
  const values = new Uint8Array(width * height);
  const rounding = shift === 0 ? 0 : 1 << (shift - 1);
  for (let row = 0; row < height; row++) {
    const from = start + row * stride;
    const to = row * width;
    if (shift === 0) {
      if (step === 1) values.set(bytes.subarray(from, from + width), to);
      else for (let column = 0; column < width; column++) values[to + column] = bytes[from + column * step] ?? 0;
      continue;
    }
    for (let column = 0; column < width; column++) {
      const at = from + 2 * column * step;
      const value = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
      values[to + column] = Math.min(255, (value + rounding) >> shift);
    }
  }
  return { width, height, values };
}

/** Means of the values that fall together. */
function averaged(plane: Plane, { width, height }: { readonly width: number; readonly height: number }): Plane {
  if (plane.width === width && plane.height === height) return plane;
  const values = new Uint8Array(width * height);
  const across = Math.round(plane.width / width);
  const down = Math.round(plane.height / height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let y = 0; y < down; y++)
        for (let x = 0; x < across; x++) {
          const fromRow = Math.min(plane.height - 1, row * down + y);
          const fromColumn = Math.min(plane.width - 1, column * across + x);
          sum += plane.values[fromRow * plane.width + fromColumn] ?? 0;
        }
      values[row * width + column] = Math.round(sum / (across * down));
    }
  return { width, height, values };
}
