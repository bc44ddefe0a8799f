/**
 * Where a crop's pixel comes from in the frame: `sourceX = xx * x + xy * y + x0`, `sourceY = yx * x + yy * y + y0`,
 * with pixel centres at integers on both sides.
 */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** A warped piece of a frame as a network wants it. */
export interface Crop {
  readonly toSource: Affine;
  readonly width: number;
  readonly height: number;
  /** Order of the values: planes (NCHW) or interleaved (NHWC). */
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'RGB' | 'BGR';
  /** A value is `sample * scale + offset` of its channel (in the order of `channels`), the sample being 0 to 255. */
  readonly scale: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
  /** What lies outside the frame: black (sample 0), or the nearest pixel of the frame. */
  readonly border: 'black' | 'clamp';
  /**
   * `bilinear` mixes the four nearest pixels. `antialiased` cuts the crop's rectangle out of the frame (with what lies
   * outside as `border` says) and resizes it as Pillow and torchvision do with antialias: the triangle is as wide as a
   * pixel of the crop where that is larger, and takes nothing from beyond the rectangle. For upright crops only (xy and
   * yx are 0, xx and yy positive).
   */
  readonly sampling: 'bilinear' | 'antialiased';
  /**
   * Only the right half of the crop is sampled; the left half is its mirror image. So a crop about a midline shows the
   * mirrored face without a mirrored frame. Needs an even width and `bilinear` sampling. Default false.
   */
  readonly isEven?: boolean;
}

/** Number of values of a crop. */
export function cropLength(crop: Crop): number {
  return crop.width * crop.height * 3;
}
