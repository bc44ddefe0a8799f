/** A turn by quarters and an optional reflection, as a display matrix asks for. */
export interface Orientation {
  /** FFmpeg filters that turn a coded picture upright; null when it already is. */
  readonly filters: string | null;
  /** Whether width and height change places. */
  readonly swapsSides: boolean;
  /** In words, for reports. */
  readonly description: string;
}

const UPRIGHT: Orientation = { filters: null, swapsSides: false, description: 'upright' };

/**
 * The orientation that a display matrix asks for: nine 32-bit integers a b u c d v x y w, with which a coded point (p,
 * q) is shown at (a p + c q + x, b p + d q + y), in any unit (ISO/IEC 14496-12, 8.3.2; FFmpeg's libavutil/display.h).
 * Angles that are not quarter turns count as the nearest one; a matrix that says nothing counts as upright.
 */
export function orientationOf(displayMatrix: Uint8Array | null): Orientation {
  if (displayMatrix === null || displayMatrix.byteLength < 36) return UPRIGHT;
  const view = new DataView(displayMatrix.buffer, displayMatrix.byteOffset, displayMatrix.byteLength);
  // FFmpeg keeps it in the machine's byte order, which is little-endian on every machine that node-av runs on.
  const [a, b, c, d] = [0, 1, 3, 4].map((index) => view.getInt32(index * 4, true)) as [number, number, number, number];
  if (a === 0 && b === 0 && c === 0 && d === 0) return UPRIGHT;
  if (Math.abs(a) + Math.abs(d) >= Math.abs(b) + Math.abs(c)) return straight(a < 0, d < 0);
  return turned(c < 0, b < 0);
}

/** Across is x to x or to -x, down is y to y or to -y. */
function straight(isAcrossReversed: boolean, isDownReversed: boolean): Orientation {
  if (isAcrossReversed && isDownReversed)
    return { filters: 'vflip,hflip', swapsSides: false, description: 'turned by 180 degrees' };
  if (isAcrossReversed) return { filters: 'hflip', swapsSides: false, description: 'mirrored left to right' };
  // vflip alone only turns the row step negative, which the copy out of the filters cannot read.
  if (isDownReversed) return { filters: 'vflip,copy', swapsSides: false, description: 'mirrored top to bottom' };
  return UPRIGHT;
}

/** The shown x is the coded y or -y, the shown y the coded x or -x. */
function turned(isAcrossReversed: boolean, isDownReversed: boolean): Orientation {
  const turn = (name: string, description: string): Orientation => ({
    filters: `transpose=${name}`,
    swapsSides: true,
    description,
  });
  if (isAcrossReversed && !isDownReversed) return turn('clock', 'turned by 90 degrees clockwise');
  if (!isAcrossReversed && isDownReversed) return turn('cclock', 'turned by 90 degrees anticlockwise');
  if (!isAcrossReversed) return turn('cclock_flip', 'mirrored about its diagonal');
  return turn('clock_flip', 'mirrored about its other diagonal');
}
