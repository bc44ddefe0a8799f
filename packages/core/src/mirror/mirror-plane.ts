import { clamp } from '../arithmetic.js';

/** One 8-bit plane of a picture. */
export interface Plane {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** Where a plane is reflected: all in pixels of that plane, pixel centres at integers. */
export interface PlaneReflection {
  /** A point of the line. */
  readonly pointX: number;
  readonly pointY: number;
  /** Unit normal of the line, towards the half that is kept. */
  readonly normalX: number;
  readonly normalY: number;
  /** Half the width of the blend along the line, at least 0.5. */
  readonly halfSeam: number;
  /** What comes from outside fades into the mean of the plane's border within 2^(fadeShift + 4) pixels; 0 or more. */
  readonly fadeShift: number;
}

/** Pixels that share one position in fine units: the width of the kernel's SIMD block. */
const BLOCK = 8;
/** Position units for each pixel within a block: 16-bit lanes hold 16 pixels to both sides. */
const UNITS = 2048;
/** Phases of a block's start within its pixel: as many entries has each table of the kernel. */
const PHASES = 256;
/** Position units for each pixel of a block's start; whole numbers below 2^53 in both implementations. */
const FINE_UNITS = 2 ** 32;
/** Starts farther out than this cannot reach any plane within a row. */
const FAR = 2 ** 20;
/** Starts farther out than this, in pixels, are past every fade. */
const BEYOND = 4096;

/**
 * The plain version of the kernel in assembly/, to the bit: what the kernel is held to, and where its arithmetic is
 * explained. In `kept` the half of `source` on the normal's side is as it is and the other is replaced by its mirror
 * image; in `opposite` it is the other way round.
 *
 * A pixel's source is its reflection about the line, clamped to the plane. One that was clamped fades into the mean of
 * the plane's border, the more the farther outside it lies: the border alone would draw streaks to the frame's edge. It
 * is found to 1/512 pixel for the first of every eight pixels and from there in steps of 1/2048 pixel: at any angle it
 * is off by 1/450 pixel at most. The two neighbours in a row are mixed with 7-bit weights, which are off by 1/256 at
 * most, the two rows with 15-bit ones, both in 7 fractional bits, and the result is rounded once: against the exact
 * formula a pixel is off by at most half a grey level and 1/120 of the contrast between neighbours.
 */
export function mirrorPlanePlain(source: Plane, kept: Plane, opposite: Plane, reflection: PlaneReflection): void {
  const { width, height } = source;
  const { pointX, pointY, normalX, normalY, halfSeam, fadeShift } = reflection;
  if (normalX < 0) {
    mirrorPlanePlain(source, opposite, kept, { ...reflection, normalX: -normalX, normalY: -normalY });
    return;
  }
  const stepX = 1 - 2 * normalX * normalX;
  const stepY = -2 * normalX * normalY;
  const blockX = roundHalfEven(BLOCK * stepX * FINE_UNITS);
  const blockY = roundHalfEven(BLOCK * stepY * FINE_UNITS);
  const seam = 2 * halfSeam;
  const fill = borderMean(source);
  for (let y = 0; y < height; y++) {
    const rowDistance = normalY * (y - pointY) - normalX * pointX;
    const startX = fineUnits(-2 * normalX * rowDistance);
    const startY = fineUnits(y - 2 * normalY * rowDistance);
    for (let x = 0; x < width; x++) {
      const lane = x % BLOCK;
      const block = (x - lane) / BLOCK;
      const [blockStartX, blockStartY] = [startX + block * blockX, startY + block * blockY];
      const offsetX = roundHalfEven(lane * stepX * UNITS);
      const offsetY = roundHalfEven(lane * stepY * UNITS);
      const sampled = sample(source, blockStartX, blockStartY, offsetX, offsetY);
      const out = Math.max(outside(blockStartX, offsetX, width), outside(blockStartY, offsetY, height));
      const mirrored = sampled + multiplyQ15((fill << 7) - sampled, Math.min(out >> fadeShift, 32_767));
      const difference = (at(source, x, y) << 7) - mirrored;
      const distance = rowDistance + normalX * (x - lane);
      const weight = seamWeight((distance + halfSeam) / seam, roundHalfEven(lane * (normalX / seam) * UNITS));
      kept.pixels[y * kept.stride + x] = (mirrored + multiplyQ15(difference, toQ15(weight)) + 64) >> 7;
      opposite.pixels[y * opposite.stride + x] = (mirrored + multiplyQ15(difference, toQ15(UNITS - weight)) + 64) >> 7;
    }
  }
}

/** A position in fine units, half a phase up so that cutting it off rounds. */
function fineUnits(position: number): number {
  return roundHalfEven(clamp(position, -FAR, FAR) * FINE_UNITS) + FINE_UNITS / PHASES / 2;
}

/** Share of the half on the normal's side, as 0 to UNITS for 0 to 1, for a lane of a block. */
function seamWeight(start: number, laneOffset: number): number {
  return clamp(roundHalfEven(clamp(start, -8, 8) * UNITS) + laneOffset, 0, UNITS);
}

/** Units as 0 to 32767 for 0 to 1: 32768 is one more than 16 bits hold. */
function toQ15(units: number): number {
  return Math.min(units << 4, 32_767);
}

/** The source pixel at a block's start (fine units) plus a lane's offset, bilinear, times 128. */
function sample(source: Plane, startX: number, startY: number, offsetX: number, offsetY: number): number {
  // Far outside every lane is clamped to the same border, which is why the start may be brought near.
  const x = clamp(startX, -BLOCK * FINE_UNITS, (source.width + BLOCK - 1) * FINE_UNITS);
  const y = clamp(startY, -BLOCK * FINE_UNITS, (source.height + BLOCK - 1) * FINE_UNITS);
  const baseX = Math.floor(x / FINE_UNITS);
  const baseY = Math.floor(y / FINE_UNITS);
  const unitsX = clampUnits(phaseUnits(x) + offsetX, baseX, source.width);
  const unitsY = clampUnits(phaseUnits(y) + offsetY, baseY, source.height);
  const column = baseX + (unitsX >> 11);
  const row = baseY + (unitsY >> 11);
  const right = ((unitsX & 2047) + 8) >> 4;
  const above = blendAcross(at(source, column, row), at(source, column + 1, row), right);
  const below = blendAcross(at(source, column, row + 1), at(source, column + 1, row + 1), right);
  return above + multiplyQ15(below - above, toQ15(unitsY & 2047));
}

/** How far outside the plane a lane's source lies along one axis, in units. */
function outside(start: number, offset: number, size: number): number {
  const near = clamp(start, -BEYOND * FINE_UNITS, (size + BEYOND) * FINE_UNITS);
  const place = Math.floor(near / FINE_UNITS) * UNITS + phaseUnits(near) + offset;
  return Math.max(-place, place - (size - 1) * UNITS, 0);
}

/** The mean of a plane's first and last rows and columns. */
function borderMean(plane: Plane): number {
  const { width, height } = plane;
  let total = 0;
  for (let x = 0; x < width; x++) total += at(plane, x, 0) + at(plane, x, height - 1);
  for (let y = 0; y < height; y++) total += at(plane, 0, y) + at(plane, width - 1, y);
  const count = 2 * (width + height);
  return Math.floor((total + (count >> 1)) / count);
}

/** A fine position's place within its pixel, cut off to a phase, in units. */
function phaseUnits(fine: number): number {
  const phase = Math.floor(fine / (FINE_UNITS / PHASES)) % PHASES;
  return ((phase + PHASES) % PHASES) * (UNITS / PHASES);
}

function clampUnits(units: number, base: number, size: number): number {
  return clamp(units, Math.max(-base * UNITS, -32_768), Math.min((size - 1 - base) * UNITS, 32_767));
}

function blendAcross(left: number, right: number, rightWeight: number): number {
  return left * (128 - rightWeight) + right * rightWeight;
}

/** i16x8.q15mulr_sat_s: the product of two 16-bit numbers of which one stands for a fraction of 32768, rounded. */
function multiplyQ15(value: number, fraction: number): number {
  return (value * fraction + 16_384) >> 15;
}

function at(source: Plane, x: number, y: number): number {
  return source.pixels[Math.min(y, source.height - 1) * source.stride + Math.min(x, source.width - 1)] ?? 0;
}

/** WebAssembly's `nearest`: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
