/** What each output pixel is made of along one direction. */
export interface Taps {
  /** The first source pixel of each output pixel, how many follow with it, and where their weights begin. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly begin: Int32Array;
  /** Sum to 1 for each output pixel. */
  readonly weights: Float32Array;
  /** How much of each output pixel is inside the frame, 0 to 1; 1 where the border is repeated. */
  readonly inside: Float64Array;
}

/**
 * The taps of the antialiasing triangle, which is as wide as an output pixel where that is larger than a source pixel,
 * and takes nothing from beyond the crop's rectangle.
 *
 * @param scale source pixels to an output pixel, positive.
 * @param origin the first output pixel's place among the `size` source pixels.
 * @param count output pixels.
 * @param black whether what lies outside counts as black; else the nearest source pixel stands for it.
 * @param group every output pixel gets a multiple of this many weights, padded with zeros.
 */
export function triangleTaps(
  scale: number,
  origin: number,
  count: number,
  size: number,
  black: boolean,
  group: number,
): Taps {
  const reach = Math.max(1, scale);
  // The rectangle's own pixels: those whose centres lie between its edges.
  const lowest = Math.ceil(origin - scale / 2 - 1e-9);
  const highest = Math.floor(origin + scale * (count - 0.5) + 1e-9);
  // Source pixels [from, to] of each output pixel, some of them perhaps outside the frame.
  const [from, to] = [new Int32Array(count), new Int32Array(count)];
  const taps = {
    first: new Int32Array(count),
    count: new Int32Array(count),
    begin: new Int32Array(count),
    inside: new Float64Array(count),
  };
  let all = 0;
  for (let i = 0; i < count; i++) {
    const centre = origin + scale * i;
    let low = Math.max(Math.ceil(centre - reach), lowest);
    let high = Math.min(Math.floor(centre + reach), highest);
    // A rectangle narrower than a pixel may hold no centre: then the nearest one stands for it.
    if (high < low) low = high = Math.round(centre);
    const first = clamped(low, size);
    const length = clamped(high, size) - first + 1;
    from[i] = low;
    to[i] = high;
    taps.first[i] = first;
    taps.count[i] = length;
    taps.begin[i] = all;
    all += Math.ceil(length / group) * group;
  }
  const weights = new Float32Array(all);
  for (let i = 0; i < count; i++)
    taps.inside[i] = weigh(
      origin + scale * i,
      reach,
      from[i] ?? 0,
      to[i] ?? 0,
      size,
      black,
      weights,
      taps.begin[i] ?? 0,
    );
  return { ...taps, weights };
}

/**
 * Writes the weights of the source pixels [from, to] of one output pixel; what is outside the frame counts for the
 * nearest one inside, or for nothing where the border is black.
 * @returns how much of the output pixel is inside, 0 to 1.
 */
function weigh(
  centre: number,
  reach: number,
  from: number,
  to: number,
  size: number,
  black: boolean,
  weights: Float32Array,
  begin: number,
): number {
  const first = clamped(from, size);
  let total = 0;
  let inside = 0;
  for (let tap = from; tap <= to; tap++) {
    const weight = triangle(tap - centre, reach);
    total += weight;
    if (!black || (tap >= 0 && tap < size)) inside += weight;
  }
  if (inside === 0) {
    // It still needs a colour: of luma and chroma, whose samples lie apart, the other may be inside.
    weights[begin] = 1;
    return 0;
  }
  for (let tap = from; tap <= to; tap++) {
    if (black && (tap < 0 || tap >= size)) continue;
    const at = begin + clamped(tap, size) - first;
    weights[at] = (weights[at] ?? 0) + triangle(tap - centre, reach) / inside;
  }
  return inside / total;
}

function triangle(distance: number, reach: number): number {
  return Math.max(0, 1 - Math.abs(distance) / reach);
}

function clamped(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}
