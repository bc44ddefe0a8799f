import { median, quantile } from '../arithmetic.js';
import { QUALITY_LIMITS, QUALITY_REASONS, type QualityReason } from './limits.js';

/** What the gate looks at: a number a frame each, NaN where something is not known, which is no reason by itself. */
export interface QualityCurves {
  /** Seconds. */
  readonly time: Float64Array;
  /** 1 where a face was found. */
  readonly faces: Uint8Array;
  /** Degrees, the patient's. */
  readonly yaw: Float32Array;
  readonly pitch: Float32Array;
  readonly roll: Float32Array;
  readonly interOcularPixels: Float32Array;
  readonly sharpness: Float32Array;
  /** 1 where something covers the face. */
  readonly occluded: Uint8Array;
}

/** Bits of reasons: bit `i` is `QUALITY_REASONS[i]`. */
export function reasonBit(reason: QualityReason): number {
  return 1 << QUALITY_REASONS.indexOf(reason);
}

/** The reasons in a frame's bits. */
export function reasonsOf(bits: number): readonly QualityReason[] {
  return QUALITY_REASONS.filter((_, i) => (bits & (1 << i)) !== 0);
}

/**
 * Says of every frame why it should be left out; 0 where it is usable. How even the face is plays no part.
 * @returns a number of reason bits a frame
 */
export function gateFrames(curves: QualityCurves): Uint16Array {
  const { time, faces, yaw, pitch, interOcularPixels, sharpness, occluded } = curves;
  const seen = (values: Float32Array): number[] =>
    Array.from(values).filter((value, i) => faces[i] === 1 && !Number.isNaN(value));
  const level = median(seen(pitch));
  const sharp = quantile(seen(sharpness), 0.75);
  const intervals = Array.from(time.subarray(1), (at, i) => at - (time[i] ?? NaN));
  const isSlow = 1 / median(intervals) < QUALITY_LIMITS.framesPerSecond;
  return Uint16Array.from(time, (_, i) => {
    if (faces[i] !== 1) return reasonBit('no-face');
    let bits = isSlow ? reasonBit('frame-rate') : 0;
    if (Math.abs(yaw[i] ?? NaN) > QUALITY_LIMITS.yaw) bits |= reasonBit('yaw');
    if (Math.abs((pitch[i] ?? NaN) - level) > QUALITY_LIMITS.pitch) bits |= reasonBit('pitch');
    if ((interOcularPixels[i] ?? NaN) < QUALITY_LIMITS.interOcularPixels) bits |= reasonBit('small-face');
    if ((sharpness[i] ?? NaN) < QUALITY_LIMITS.relativeSharpness * sharp) bits |= reasonBit('blur');
    if (jumps(curves, i)) bits |= reasonBit('jump');
    if (occluded[i] === 1) bits |= reasonBit('occluded');
    return bits;
  });
}

/**
 * Whether the head leaves its place for this one frame and is back in the next: heads do not, landmarks do. Judged by
 * pose and size, which the movements of the face leave alone.
 */
function jumps({ faces, yaw, pitch, roll, interOcularPixels }: QualityCurves, i: number): boolean {
  if (faces[i - 1] !== 1 || faces[i + 1] !== 1) return false;
  const away = (values: Float32Array): number => {
    const [before, here, after] = [values[i - 1] ?? NaN, values[i] ?? NaN, values[i + 1] ?? NaN];
    // The lesser step, and only when it goes there and back.
    return (here - before) * (here - after) <= 0 ? 0 : Math.min(Math.abs(here - before), Math.abs(here - after));
  };
  const { degrees, size } = QUALITY_LIMITS.jump;
  const turned = Math.max(away(yaw), away(pitch), away(roll));
  return turned > degrees || away(interOcularPixels) > size * (interOcularPixels[i - 1] ?? NaN);
}
