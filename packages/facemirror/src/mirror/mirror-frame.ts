import { SIDES, type Side } from '../action-units/units.js';
import type { Point } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import { kernelsOn } from '../frames/kernels.js';

/** `mirrored` for selfie video, where the patient's right is on the picture's right. */
export type Camera = 'normal' | 'mirrored';

/** A line through the face from forehead to chin, in pixels of the upright frame. */
export interface MirrorLine {
  readonly point: Point;
  /** Unit vector along the line, towards the chin. */
  readonly direction: Point;
}

/** Pixels over which the kept half passes into its mirror image, half of them on each side of the line. */
export const SEAM_WIDTH = 6;

/**
 * Where a chroma sample lies between the luma samples: on the left one of two columns and midway between two rows, as
 * MPEG-2 and H.264 have it where they do not say otherwise. Centre-sited chroma would be half a luma pixel off, for
 * which the eye has no measure; the picture's geometry is the luma's.
 */
const CHROMA_SITE: Point = { x: 0, y: 0.5 };

type MirrorPlaneKernel = (
  source: number,
  target: number,
  width: number,
  height: number,
  stride: number,
  pointX: number,
  pointY: number,
  normalX: number,
  normalY: number,
  halfSeam: number,
) => void;

/**
 * Makes the mirrored faces of `source`: in `targets.left` the patient's left half as it is and the other half replaced
 * by its mirror image, in `targets.right` the patient's right half; the halves pass into each other over SEAM_WIDTH
 * pixels along the line. What would come from outside the frame repeats the frame's border. Works straight on the YUV
 * planes, in whatever thread; all frames are different ones of one pool.
 */
export function mirrorFrame(source: Frame, targets: Readonly<Partial<Record<Side, Frame>>>, line: MirrorLine, camera: Camera = 'normal'): void {
  const { layout, offset, memory } = source;
  const kernel = kernelsOn('mirror', memory)['mirrorPlane'] as MirrorPlaneKernel;
  const sides = SIDES.flatMap((side) => {
    const target = targets[side];
    if (!target) return [];
    if (target.layout.bytes !== layout.bytes || target.memory.buffer.byteLength !== memory.buffer.byteLength || target.offset === offset) {
      throw new RangeError('mirrorFrame works from one frame of a pool into other frames of the same pool.');
    }
    return [{ target, normal: normalTowards(side, line.direction, camera) }];
  });
  const { x, y } = line.point;
  if (!Number.isFinite(x + y)) throw new RangeError('The point of a mirror line must be finite.');
  const chroma = { x: (x - CHROMA_SITE.x) / 2, y: (y - CHROMA_SITE.y) / 2, width: layout.chromaWidth, height: layout.chromaHeight, stride: layout.uvStride, halfSeam: SEAM_WIDTH / 4 };
  const planes = [
    { x, y, width: layout.width, height: layout.height, stride: layout.yStride, halfSeam: SEAM_WIDTH / 2, start: 0 },
    { ...chroma, start: layout.uOffset },
    { ...chroma, start: layout.vOffset },
  ];
  for (const plane of planes) {
    for (const { target, normal } of sides) {
      kernel(
        offset + plane.start, target.offset + plane.start, plane.width, plane.height, plane.stride,
        plane.x, plane.y, normal.x, normal.y, plane.halfSeam,
      );
    }
  }
}

/** The line's unit normal on the patient's `side`: the chin points down, so the patient's right is the picture's left. */
function normalTowards(side: Side, direction: Point, camera: Camera): Point {
  const length = Math.hypot(direction.x, direction.y);
  if (!(length > 0 && Number.isFinite(length))) throw new RangeError('The direction of a mirror line must have a length.');
  const sign = ((side === 'right') === (camera === 'normal') ? 1 : -1) / length;
  return { x: -direction.y * sign, y: direction.x * sign };
}
