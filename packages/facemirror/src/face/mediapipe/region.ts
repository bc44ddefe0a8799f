import type { Affine, Crop } from '../../frames/crop.js';
import type { FaceRegion } from '../adapters.js';
import type { Box, Point } from '../observation.js';

/**
 * Where a crop's pixel centre lies: `centred` is right; `corner` is what the CPU path of MediaPipe's own runtime does,
 * whose pixel i reads source place i * scale, half a pixel too far up and left. For comparing with it.
 */
export type Sampling = 'centred' | 'corner';

/** MediaPipe grows the box about a face by this much for its landmark nets. */
const GROWTH = 1.5;

/** The square to look at for a box about a face whose eyes (the patient's right, then left) stand there. */
export function regionAround(box: Box, rightEye: Point, leftEye: Point): FaceRegion {
  const side = GROWTH * Math.max(box.width, box.height);
  return {
    centre: { x: box.x + box.width / 2, y: box.y + box.height / 2 },
    width: side,
    height: side,
    angle: (Math.atan2(leftEye.y - rightEye.y, leftEye.x - rightEye.x) * 180) / Math.PI,
  };
}

/** A crop of a region: its whole turned square becomes `size` by `size` pixels. */
export function regionCrop(
  region: FaceRegion,
  size: number,
  sampling: Sampling,
  values: Pick<Crop, 'scale' | 'offset' | 'border'> & { readonly sampling?: Crop['sampling'] },
): Crop {
  return {
    toSource: regionToFrame(region, size, sampling),
    width: size,
    height: size,
    layout: 'NCHW',
    channels: 'RGB',
    sampling: 'bilinear',
    ...values,
  };
}

/** From pixels of a region's crop to pixels of the frame. */
function regionToFrame(region: FaceRegion, size: number, sampling: Sampling): Affine {
  const angle = (region.angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [stepX, stepY] = [region.width / size, region.height / size];
  const linear = { xx: stepX * cos, xy: -stepY * sin, yx: stepX * sin, yy: stepY * cos };
  const middle = sampling === 'centred' ? (size - 1) / 2 : size / 2;
  // A region's centre counts pixel centres as integers; the other rule takes the same number from the pixel's corner.
  const shift = sampling === 'centred' ? 0 : 0.5;
  return {
    ...linear,
    x0: region.centre.x + shift - (linear.xx + linear.xy) * middle,
    y0: region.centre.y + shift - (linear.yx + linear.yy) * middle,
  };
}

/** A place in a region, each coordinate from 0 (left, top edge) to 1, as a point of the frame. */
export function fromRegion(region: FaceRegion, x: number, y: number): Point {
  const angle = (region.angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [across, down] = [(x - 0.5) * region.width, (y - 0.5) * region.height];
  return { x: region.centre.x + across * cos - down * sin, y: region.centre.y + across * sin + down * cos };
}
