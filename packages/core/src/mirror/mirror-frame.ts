import type { Side } from '../action-units/units.js';
import type { Midline } from '../face/midline.js';
import type { Camera, Point } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import { kernelsOn } from '../frames/kernels.js';
import { withScratch } from '../frames/scratch.js';

/** Pixels over which the kept half passes into its mirror image, half of them on each side of the line. */
const SEAM_WIDTH = 6;

/**
 * Where a chroma sample lies between the luma samples: on the left one of two columns and midway between two rows, as
 * MPEG-2 and H.264 have it where they do not say otherwise. Centre-sited chroma would be half a luma pixel off, for
 * which the eye has no measure; the picture's geometry is the luma's.
 */
const CHROMA_SITE: Point = { x: 0, y: 0.5 };

type MirrorPlanesKernel = (
  source: number,
  kept: number,
  opposite: number,
  secondDistance: number,
  width: number,
  height: number,
  stride: number,
  pointX: number,
  pointY: number,
  normalX: number,
  normalY: number,
  halfSeam: number,
  fadeShift: number,
  scratch: number,
) => void;

/**
 * Makes the mirrored faces of `source`: in `targets.left` the patient's left half as it is and the other half replaced
 * by its mirror image, in `targets.right` the patient's right half; the halves pass into each other over SEAM_WIDTH
 * pixels along the midline. What would come from outside the frame fades into the mean colour of the frame's border.
 * Works straight on the YUV planes, in whatever thread; all frames are different ones of one pool.
 */
export function mirrorFrame(
  source: Frame,
  targets: Readonly<Partial<Record<Side, Frame>>>,
  line: Midline,
  camera: Camera = 'normal',
): void {
  const { layout, offset, memory } = source;
  const kernel = kernelsOn('mirror', memory)['mirrorPlanes'] as MirrorPlanesKernel;
  const left = placeOf(targets.left, source);
  const right = placeOf(targets.right, source);
  const normal = normalTowards('left', line, camera);
  const { x, y } = line.glabella;
  const fade = fadeShiftOf(Math.min(layout.width, layout.height));
  const luma = {
    start: 0,
    second: 0,
    x,
    y,
    width: layout.width,
    height: layout.height,
    stride: layout.yStride,
    halfSeam: SEAM_WIDTH / 2,
    fadeShift: fade,
  };
  const chroma = {
    start: layout.uOffset,
    second: layout.vOffset - layout.uOffset,
    x: (x - CHROMA_SITE.x) / 2,
    y: (y - CHROMA_SITE.y) / 2,
    width: layout.chromaWidth,
    height: layout.chromaHeight,
    stride: layout.uvStride,
    halfSeam: SEAM_WIDTH / 4,
    fadeShift: fade - 1,
  };
  withScratch(memory, (scratch) => {
    for (const { start, second, width, height, stride, halfSeam, fadeShift, ...point } of [luma, chroma]) {
      kernel(
        offset + start,
        left && left + start,
        right && right + start,
        second,
        width,
        height,
        stride,
        point.x,
        point.y,
        normal.x,
        normal.y,
        halfSeam,
        fadeShift,
        scratch,
      );
    }
  });
}

/** Fades over about a 24th of the shorter side: a power of two, 32 to 256 pixels, as 2^(shift + 4). */
function fadeShiftOf(shorterSide: number): number {
  return Math.min(Math.max(Math.round(Math.log2(shorterSide / 24)), 5), 8) - 4;
}

/** The place of a target in the pool's memory, where no frame lies at 0; 0 for one that is not wanted. */
function placeOf(target: Frame | undefined, source: Frame): number {
  if (!target) return 0;
  if (
    target.layout.bytes !== source.layout.bytes ||
    target.memory.buffer.byteLength !== source.memory.buffer.byteLength ||
    target.offset === source.offset
  ) {
    throw new RangeError('mirrorFrame works from one frame of a pool into other frames of the same pool.');
  }
  return target.offset;
}

/** The midline's unit normal on the patient's `side`: with the chin down, the patient's right is the picture's left. */
export function normalTowards(side: Side, { glabella, chin }: Midline, camera: Camera): Point {
  const x = chin.x - glabella.x;
  const y = chin.y - glabella.y;
  const length = Math.hypot(x, y);
  if (!(length > 0 && Number.isFinite(length))) throw new RangeError('A midline must have two different, finite ends.');
  const sign = ((side === 'right') === (camera === 'normal') ? 1 : -1) / length;
  return { x: -y * sign, y: x * sign };
}
