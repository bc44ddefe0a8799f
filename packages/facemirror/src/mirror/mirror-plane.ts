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
}

/** Pixels that share one position in fine units: the width of the kernel's SIMD block. */
const BLOCK = 8;
/** Position units for each pixel within a block: 16-bit lanes hold 16 pixels to both sides. */
const UNITS = 2048;
/** Position units for each pixel of a block's start; whole numbers below 2^53 in both implementations. */
const FINE_UNITS = 2 ** 32;
/** Starts farther out than this cannot reach any plane within a row. */
const FAR = 2 ** 20;

/**
 * The plain version of the kernel in assembly/, to the bit: what the kernel is held to, and where its arithmetic is
 * explained. Of `source`, the half on the normal's side is kept, the other is replaced by its mirror image.
 *
 * A pixel's source is its reflection about the line, clamped to the plane. It is found to 2^-19 pixel for the first of
 * every eight pixels and from there in steps of 1/2048 pixel: at any angle it is off by 1/2048 pixel at most. The four
 * pixels around it are mixed with 15-bit weights in 7 fractional bits, and the result is rounded once: against the
 * exact formula a pixel is off by at most half a grey level and 1/500 of the contrast between neighbours.
 */
export function mirrorPlanePlain(source: Plane, target: Plane, reflection: PlaneReflection): void {
  const { width, height } = source;
  const { pointX, pointY, normalX, normalY, halfSeam } = reflection;
  const stepX = 1 - 2 * normalX * normalX;
  const stepY = -2 * normalX * normalY;
  const blockX = roundHalfEven(BLOCK * stepX * FINE_UNITS);
  const blockY = roundHalfEven(BLOCK * stepY * FINE_UNITS);
  const seam = 2 * halfSeam;
  for (let y = 0; y < height; y++) {
    const rowDistance = normalY * (y - pointY) - normalX * pointX;
    const startX = fineUnits(-2 * normalX * rowDistance);
    const startY = fineUnits(y - 2 * normalY * rowDistance);
    for (let x = 0; x < width; x++) {
      const lane = x % BLOCK;
      const block = (x - lane) / BLOCK;
      const mirrored = sample(
        source,
        startX + block * blockX,
        startY + block * blockY,
        roundHalfEven(lane * stepX * UNITS),
        roundHalfEven(lane * stepY * UNITS),
      );
      const kept = at(source, x, y) << 7;
      const distance = rowDistance + normalX * (x - lane);
      const weight = seamWeight((distance + halfSeam) / seam, roundHalfEven(lane * (normalX / seam) * UNITS));
      target.pixels[y * target.stride + x] = (mirrored + multiplyQ15(kept - mirrored, weight) + 64) >> 7;
    }
  }
}

/** A position in fine units, half a coarse unit up so that cutting it off rounds. */
function fineUnits(position: number): number {
  return roundHalfEven(clamp(position, -FAR, FAR) * FINE_UNITS) + 2 ** 20;
}

/** Share of the kept half, as 0 to 32767 for 0 to 1, for a lane of a block. */
function seamWeight(start: number, laneOffset: number): number {
  const units = roundHalfEven(clamp(start, -8, 8) * UNITS) + laneOffset;
  return Math.min(clamp(units, 0, UNITS) << 4, 32_767);
}

/** The source pixel at a block's start (fine units) plus a lane's offset, bilinear, times 128. */
function sample(source: Plane, startX: number, startY: number, offsetX: number, offsetY: number): number {
  // Far outside every lane is clamped to the same border, which is why the start may be brought near.
  const x = clamp(startX, -BLOCK * FINE_UNITS, (source.width + BLOCK - 1) * FINE_UNITS);
  const y = clamp(startY, -BLOCK * FINE_UNITS, (source.height + BLOCK - 1) * FINE_UNITS);
  const baseX = Math.floor(x / FINE_UNITS);
  const baseY = Math.floor(y / FINE_UNITS);
  const unitsX = clampUnits(Math.floor(x / 2 ** 21) - baseX * UNITS + offsetX, baseX, source.width);
  const unitsY = clampUnits(Math.floor(y / 2 ** 21) - baseY * UNITS + offsetY, baseY, source.height);
  const column = baseX + (unitsX >> 11);
  const row = baseY + (unitsY >> 11);
  const fractionX = (unitsX & 2047) << 4;
  const fractionY = (unitsY & 2047) << 4;
  const above = blendAcross(at(source, column, row), at(source, column + 1, row), fractionX);
  const below = blendAcross(at(source, column, row + 1), at(source, column + 1, row + 1), fractionX);
  return above + multiplyQ15(below - above, fractionY);
}

function clampUnits(units: number, base: number, size: number): number {
  return clamp(units, Math.max(-base * UNITS, -32_768), Math.min((size - 1 - base) * UNITS, 32_767));
}

function blendAcross(left: number, right: number, fraction: number): number {
  return (left << 7) + multiplyQ15((right - left) << 7, fraction);
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
