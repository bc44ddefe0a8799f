import { readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';

/** A picture in RGB, 8 bits a value, and the same as a frame (full-range BT.709, chroma where H.264 has it). */
export interface TestPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  readonly frame: Frame;
}

export async function readPicture(path: string | URL): Promise<TestPicture> {
  const { width, height, data, channels } = decode(readFileSync(path));
  const rgb = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) rgb[3 * pixel + channel] = data[channels * pixel + channel]!;
  }
  return { width, height, rgb, frame: await toFrame(rgb, width, height) };
}

/** A picture turned upside down. */
export async function upsideDown({ width, height, rgb }: TestPicture): Promise<TestPicture> {
  const turned = new Uint8Array(rgb.length);
  const last = width * height - 1;
  for (let pixel = 0; pixel <= last; pixel++) turned.set(rgb.subarray(3 * pixel, 3 * pixel + 3), 3 * (last - pixel));
  return { width, height, rgb: turned, frame: await toFrame(turned, width, height) };
}

async function toFrame(rgb: Uint8Array, width: number, height: number): Promise<Frame> {
  const frame = await new FramePool({
    width,
    height,
    colour: { matrix: 'bt709', range: 'full' },
    capacity: 1,
  }).acquire();
  const { layout } = frame;
  const planes = framePlanes(frame);
  const [red, blue] = [0.2126, 0.0722];
  const [u, v] = [new Float32Array(width * height), new Float32Array(width * height)];
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [r, g, b] = [rgb[3 * pixel]!, rgb[3 * pixel + 1]!, rgb[3 * pixel + 2]!];
    const y = red * r + (1 - red - blue) * g + blue * b;
    planes.y[Math.floor(pixel / width) * layout.yStride + (pixel % width)] = Math.round(y);
    u[pixel] = (b - y) / (2 * (1 - blue)) + 128;
    v[pixel] = (r - y) / (2 * (1 - red)) + 128;
  }
  const at = (plane: Float32Array, x: number, y: number): number =>
    plane[Math.min(height - 1, y) * width + Math.max(0, Math.min(width - 1, x))]!;
  for (let y = 0; y < layout.chromaHeight; y++) {
    for (let x = 0; x < layout.chromaWidth; x++) {
      for (const [plane, target] of [
        [u, planes.u],
        [v, planes.v],
      ] as const) {
        const rows = [2 * y, 2 * y + 1].map(
          (row) => at(plane, 2 * x - 1, row) + 2 * at(plane, 2 * x, row) + at(plane, 2 * x + 1, row),
        );
        target[y * layout.uvStride + x] = Math.max(0, Math.min(255, Math.round((rows[0]! + rows[1]!) / 8)));
      }
    }
  }
  return frame;
}
