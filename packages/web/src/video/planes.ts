import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';

/** One plane of 8-bit values, rows one after another, without gaps. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

/** A picture in planar 8-bit YUV 4:2:0. */
export interface Picture {
  readonly y: Plane;
  readonly u: Plane;
  readonly v: Plane;
}

/** How a picture is turned to stand upright: clockwise, then reflected left to right where `flip` says so. */
export interface Turn {
  readonly rotation: 0 | 90 | 180 | 270;
  readonly flip: boolean;
}

/** Bicubic weights as FFmpeg's scaler takes them by default (Mitchell and Netravali's family, B = 0, C = 0.6). */
const CUBIC = 0.6;

/** Every value at its place in a frame of the pool, turned. */
export function putPicture(picture: Picture, turn: Turn, target: Frame): void {
  const { y, u, v } = framePlanes(target);
  const { yStride, uvStride, width, height, chromaWidth, chromaHeight } = target.layout;
  putPlane(picture.y, turn, { values: y, stride: yStride, width, height });
  putPlane(picture.u, turn, { values: u, stride: uvStride, width: chromaWidth, height: chromaHeight });
  putPlane(picture.v, turn, { values: v, stride: uvStride, width: chromaWidth, height: chromaHeight });
}

interface Target {
  readonly values: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

function putPlane(source: Plane, { rotation, flip }: Turn, target: Target): void {
  const { width, height, values } = source;
  const [originX, originY, alongX, alongY] = TURNS[rotation](width, height);
  for (let row = 0; row < target.height; row++) {
    const place = row * target.stride;
    // From target (column, row) to the source: origin + column * along + row * across, across being along turned.
    let from = originX + originY * width - alongY * row + alongX * row * width;
    let step = alongX + alongY * width;
    if (flip) {
      from += step * (target.width - 1);
      step = -step;
    }
    if (step === 1) target.values.set(values.subarray(from, from + target.width), place);
    else
      for (let column = 0; column < target.width; column++, from += step)
        target.values[place + column] = values[from] ?? 0;
  }
}

/** Source point of the upright picture's first pixel, and the source's step from one of its pixels to the next. */
const TURNS: Readonly<
  Record<
    Turn['rotation'],
    (width: number, height: number) => readonly [x: number, y: number, alongX: number, alongY: number]
  >
> = {
  0: () => [0, 0, 1, 0],
  90: (_, height) => [0, height - 1, 0, -1],
  180: (width, height) => [width - 1, height - 1, -1, 0],
  270: (width) => [width - 1, 0, 0, 1],
};

/** A picture of another size; one of the sizes stays in usual cases, where pixels are made square. */
export function stretchPicture({ y, u, v }: Picture, width: number, height: number): Picture {
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  return {
    y: stretchPlane(y, width, height),
    u: stretchPlane(u, chromaWidth, chromaHeight),
    v: stretchPlane(v, chromaWidth, chromaHeight),
  };
}

function stretchPlane(plane: Plane, width: number, height: number): Plane {
  const wide = plane.width === width ? plane : transposed(stretchRows(transposed(plane), width));
  return wide.height === height ? wide : stretchRows(wide, height);
}

function transposed({ width, height, values }: Plane): Plane {
  const result = new Uint8Array(width * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) result[column * height + row] = values[row * width + column] ?? 0;
  return { width: height, height: width, values: result };
}

/** Makes that many rows of a plane. */
function stretchRows({ width, height, values }: Plane, rows: number): Plane {
  const result = new Uint8Array(width * rows);
  for (let row = 0; row < rows; row++) {
    const place = ((row + 0.5) * height) / rows - 0.5;
    const first = Math.floor(place) - 1;
    const taps = [0, 1, 2, 3].map((tap) => ({
      from: Math.max(0, Math.min(height - 1, first + tap)) * width,
      weight: cubic(place - (first + tap)),
    }));
    for (let column = 0; column < width; column++) {
      let sum = 0.5;
      for (const { from, weight } of taps) sum += weight * (values[from + column] ?? 0);
      result[row * width + column] = Math.max(0, Math.min(255, sum));
    }
  }
  return { width, height: rows, values: result };
}

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (2 - CUBIC) * x ** 3 - (3 - CUBIC) * x ** 2 + 1;
  if (x < 2) return -CUBIC * x ** 3 + 5 * CUBIC * x ** 2 - 8 * CUBIC * x + 4 * CUBIC;
  return 0;
}
