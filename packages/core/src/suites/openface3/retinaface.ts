import type { Box, Detection, Point } from '../../face/observation.js';

/**
 * Priors of `cfg_mnet` in biubug6/Pytorch_Retinaface (data/config.py): for each grid its stride and the sides of its
 * squares, in pixels.
 */
const GRIDS = [
  { stride: 8, sides: [16, 32] },
  { stride: 16, sides: [64, 128] },
  { stride: 32, sides: [256, 512] },
] as const;
const CENTRE_VARIANCE = 0.1;
const SIZE_VARIANCE = 0.2;
/** Of two faces that overlap by more (intersection over union), the one with the lower score goes. */
const NMS_OVERLAP = 0.4;
/** Candidates that are looked at; a picture of nothing but noise could have tens of thousands. */
const MOST_CANDIDATES = 2000;
const KEYPOINTS = 5;

/** The raw outputs of the network for one picture. */
export interface RetinaFaceOutputs {
  readonly loc: Float32Array;
  readonly conf: Float32Array;
  readonly landms: Float32Array;
}

/**
 * The faces that RetinaFace sees, in pixels of its input, highest score first. Key points: eye, eye, nose, mouth
 * corner, mouth corner, those on the picture's left first. Formulas: `decode` and `decode_landm` of
 * Pytorch_Retinaface's utils/box_utils.py; overlaps with the + 1 of its py_cpu_nms.
 *
 * @param width and height of the network's input.
 * @param threshold faces with lower scores (0 to 1) are left out.
 */
export function decodeRetinaFace(
  { loc, conf, landms }: RetinaFaceOutputs,
  width: number,
  height: number,
  threshold: number,
): Detection[] {
  const faces: Detection[] = [];
  let prior = 0;
  for (const { stride, sides } of GRIDS) {
    const columns = Math.ceil(width / stride);
    const cells = columns * Math.ceil(height / stride);
    for (let cell = 0; cell < cells; cell++) {
      for (const side of sides) {
        const score = conf[2 * prior + 1] ?? 0;
        if (score > threshold) {
          const centre: Point = {
            x: ((cell % columns) + 0.5) * stride,
            y: (Math.floor(cell / columns) + 0.5) * stride,
          };
          const box = decodeBox(loc.subarray(4 * prior, 4 * prior + 4), centre, side);
          if (isInPicture(box, width, height))
            faces.push({
              box,
              score,
              keypoints: decodePoints(landms.subarray(10 * prior, 10 * prior + 10), centre, side),
            });
        }
        prior++;
      }
    }
  }
  faces.sort((a, b) => b.score - a.score);
  return suppress(faces.slice(0, MOST_CANDIDATES));
}

function decodeBox(values: Float32Array, centre: Point, side: number): Box {
  const [x = 0, y = 0, wide = 0, high = 0] = values;
  const width = side * Math.exp(wide * SIZE_VARIANCE);
  const height = side * Math.exp(high * SIZE_VARIANCE);
  return {
    x: centre.x + x * CENTRE_VARIANCE * side - width / 2,
    y: centre.y + y * CENTRE_VARIANCE * side - height / 2,
    width,
    height,
  };
}

/** A face may reach beyond the picture, but a network of wrong weights sees faces of the size of a galaxy. */
function isInPicture(box: Box, width: number, height: number): boolean {
  const largest = 2 * Math.max(width, height);
  return (
    box.width <= largest &&
    box.height <= largest &&
    box.x < width &&
    box.y < height &&
    box.x + box.width > 0 &&
    box.y + box.height > 0
  );
}

function decodePoints(values: Float32Array, centre: Point, side: number): Point[] {
  return Array.from({ length: KEYPOINTS }, (_, point) => ({
    x: centre.x + (values[2 * point] ?? 0) * CENTRE_VARIANCE * side,
    y: centre.y + (values[2 * point + 1] ?? 0) * CENTRE_VARIANCE * side,
  }));
}

/** Greedy non-maximum suppression of faces in falling order of their scores. */
export function suppress(faces: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const face of faces) {
    if (kept.every((other) => overlap(other.box, face.box) <= NMS_OVERLAP)) kept.push(face);
  }
  return kept;
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) + 1;
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) + 1;
  const common = Math.max(0, width) * Math.max(0, height);
  return common / ((a.width + 1) * (a.height + 1) + (b.width + 1) * (b.height + 1) - common);
}
