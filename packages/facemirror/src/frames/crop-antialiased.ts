import type { Crop } from './crop.js';
import { framePlanes, type Frame } from './frame.js';
import { rgbWeights } from './yuv-colour.js';

/**
 * Resizes an upright rectangle of a frame with the antialiasing triangle of Pillow (`BILINEAR`) and of torchvision
 * (`antialias=True`), the two directions one after the other.
 */
export function cropAntialiased(frame: Frame, crop: Crop, out: Float32Array, start: number): void {
  const { layout } = frame;
  const planes = framePlanes(frame);
  const weights = rgbWeights(frame.colour);
  const { width, height, toSource } = crop;
  const { xx, x0, yy, y0 } = toSource;
  const black = crop.border === 'black';
  const columns = axisTaps(xx, x0, width, layout.width, black);
  const rows = axisTaps(yy, y0, height, layout.height, black);
  // Chroma samples stand at even luma columns and midway between two luma rows.
  const chromaColumns = axisTaps(xx / 2, x0 / 2, width, layout.chromaWidth, black);
  const chromaRows = axisTaps(yy / 2, (y0 - 0.5) / 2, height, layout.chromaHeight, black);
  const luma = new Float64Array(width);
  const u = new Float64Array(width);
  const v = new Float64Array(width);
  const [step, channelStep] = crop.layout === 'NCHW' ? [1, width * height] : [3, 1];
  const [red, blue] = crop.channels === 'RGB' ? ([0, 2] as const) : ([2, 0] as const);
  const [redScale, greenScale, blueScale] = [crop.scale[red], crop.scale[1], crop.scale[blue]];
  const [redOffset, greenOffset, blueOffset] = [crop.offset[red], crop.offset[1], crop.offset[blue]];
  for (let row = 0; row < height; row++) {
    resizeRow(planes.y, layout.yStride, rows, row, columns, luma);
    resizeRow(planes.u, layout.uvStride, chromaRows, row, chromaColumns, u);
    resizeRow(planes.v, layout.uvStride, chromaRows, row, chromaColumns, v);
    const rowInside = rows.inside[row] ?? 0;
    for (let column = 0; column < width; column++) {
      const inside = rowInside * (columns.inside[column] ?? 0);
      const light = ((luma[column] ?? 0) - weights.yOffset) * weights.y;
      const blueDifference = (u[column] ?? 0) - 128;
      const redDifference = (v[column] ?? 0) - 128;
      const at = start + (row * width + column) * step;
      out[at + red * channelStep] = clampByte(light + weights.rv * redDifference) * inside * redScale + redOffset;
      out[at + channelStep] = clampByte(light + weights.gu * blueDifference + weights.gv * redDifference) * inside * greenScale + greenOffset;
      out[at + blue * channelStep] = clampByte(light + weights.bu * blueDifference) * inside * blueScale + blueOffset;
    }
  }
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** What each output pixel is made of along one direction. */
interface Taps {
  /** The first source pixel of each output pixel, how many there are, and where their weights begin. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly begin: Int32Array;
  /** Sum to 1 for each output pixel (0 for one that is all outside the frame). */
  readonly weights: Float64Array;
  /** How much of each output pixel is inside the frame, 0 to 1; 1 where the border is repeated. */
  readonly inside: Float64Array;
}

function axisTaps(scale: number, origin: number, count: number, size: number, black: boolean): Taps {
  const reach = Math.max(1, scale);
  // The rectangle's own pixels: those whose centres lie between its edges.
  const lowest = Math.ceil(origin - scale / 2 - 1e-9);
  const highest = Math.floor(origin + scale * (count - 0.5) + 1e-9);
  const weights: number[] = [];
  const taps = { first: new Int32Array(count), count: new Int32Array(count), begin: new Int32Array(count), inside: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    const centre = origin + scale * i;
    // A rectangle narrower than a pixel may hold no centre: then the nearest one stands for it.
    const nearest = Math.round(centre);
    const from = Math.min(Math.max(Math.ceil(centre - reach), lowest), nearest);
    const to = Math.max(Math.min(Math.floor(centre + reach), highest), from);
    const first = Math.min(Math.max(from, 0), size - 1);
    const last = Math.min(Math.max(to, 0), size - 1);
    const own = new Float64Array(last - first + 1);
    let total = 0;
    let inside = 0;
    for (let tap = from; tap <= to; tap++) {
      const weight = Math.max(0, 1 - Math.abs(tap - centre) / reach);
      total += weight;
      const outside = tap < 0 || tap >= size;
      if (outside && black) continue;
      inside += weight;
      const at = Math.min(Math.max(tap, 0), size - 1) - first;
      own[at] = (own[at] ?? 0) + weight;
    }
    taps.first[i] = first;
    taps.count[i] = own.length;
    taps.begin[i] = weights.length;
    taps.inside[i] = total > 0 ? inside / total : 0;
    for (const weight of own) weights.push(inside > 0 ? weight / inside : 0);
  }
  return { ...taps, weights: Float64Array.from(weights) };
}

/** One output row of a plane: its source rows mixed, then that row's columns. */
function resizeRow(plane: Uint8Array, stride: number, rows: Taps, row: number, columns: Taps, into: Float64Array): void {
  const lastColumn = columns.first.length - 1;
  const left = columns.first[0] ?? 0;
  const right = (columns.first[lastColumn] ?? 0) + (columns.count[lastColumn] ?? 0);
  const mixed = new Float64Array(right - left);
  const begin = rows.begin[row] ?? 0;
  const taps = rows.count[row] ?? 0;
  for (let tap = 0; tap < taps; tap++) {
    const weight = rows.weights[begin + tap] ?? 0;
    const line = ((rows.first[row] ?? 0) + tap) * stride + left;
    for (let column = 0; column < mixed.length; column++) mixed[column] = (mixed[column] ?? 0) + weight * (plane[line + column] ?? 0);
  }
  const { first, count, begin: begins, weights } = columns;
  for (let column = 0; column < into.length; column++) {
    const from = (first[column] ?? 0) - left;
    const weightsAt = begins[column] ?? 0;
    const length = count[column] ?? 0;
    let sum = 0;
    for (let tap = 0; tap < length; tap++) sum += (weights[weightsAt + tap] ?? 0) * (mixed[from + tap] ?? 0);
    into[column] = sum;
  }
}
