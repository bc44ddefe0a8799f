import { toDegrees } from '../../arithmetic.js';
import type { Affine, Crop } from '../../frames/crop.js';
import type { FaceRegion } from '../../face/adapters.js';
import type { Box, Point } from '../../face/observation.js';
import { axesOf } from '../../face/region-axes.js';

/**
 * Where a crop's pixel centre lies: `centred` is right; `corner` is what the CPU path of MediaPipe's own runtime does,
 * whose pixel i reads source place i * scale, half a pixel too far up and left. For comparing with it.
 */
export type Sampling = 'centred' | 'corner';

/** MediaPipe grows the box about a face by this much for its landmark nets. */
const GROWTH = 1.5;

/** The square to look at for a box about a face whose eyes (the patient's right, then left) are there. */
export function regionAround(box: Box, rightEye: Point, leftEye: Point): FaceRegion {
  const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  return squareAt(centre, box, turnOf(rightEye, leftEye));
}

/**
 * The square to look at for a face's landmarks (x, y, z triples) whose eyes are there. MediaPipe takes an upright box
 * about the landmarks and then turns it; here the box itself lies along the face, so that the net sees the same cut of
 * a face however the head leans. Its landmarks depend on the cut: with upright boxes a head that leans by 4 degrees to
 * either side moved the midline of the nets in the npm package by 2 % of the distance between the eyes.
 */
export function regionAbout(landmarks: Float32Array, rightEye: Point, leftEye: Point): FaceRegion {
  const angle = turnOf(rightEye, leftEye);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < landmarks.length; at += 3) {
    const x = landmarks[at] ?? 0;
    const y = landmarks[at + 1] ?? 0;
    const across = x * cos + y * sin;
    const down = y * cos - x * sin;
    left = Math.min(left, across);
    right = Math.max(right, across);
    top = Math.min(top, down);
    bottom = Math.max(bottom, down);
  }
  const [across, down] = [(left + right) / 2, (top + bottom) / 2];
  return squareAt(
    { x: across * cos - down * sin, y: across * sin + down * cos },
    { width: right - left, height: bottom - top },
    angle,
  );
}

function turnOf(rightEye: Point, leftEye: Point): number {
  return Math.atan2(leftEye.y - rightEye.y, leftEye.x - rightEye.x);
}

function squareAt(centre: Point, { width, height }: Pick<Box, 'width' | 'height'>, angle: number): FaceRegion {
  const side = GROWTH * Math.max(width, height);
  return { centre, width: side, height: side, angle: toDegrees(angle) };
}

/** The same crop, of the picture as a mirror shows it. */
export function mirroredCrop(crop: Crop): Crop {
  const { toSource, width } = crop;
  const { xx, yx, x0, y0 } = toSource;
  const last = width - 1;
  return { ...crop, toSource: { ...toSource, xx: -xx, yx: -yx, x0: x0 + last * xx, y0: y0 + last * yx } };
}

/** A region that is larger by a factor and lies lower by a part of its height, along the face. */
export function shiftedRegion({ centre, width, height, angle }: FaceRegion, scale: number, lower: number): FaceRegion {
  const [cos, sin] = axesOf({ angle });
  return {
    centre: { x: centre.x - sin * lower * height, y: centre.y + cos * lower * height },
    width: width * scale,
    height: height * scale,
    angle,
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
  const [cos, sin] = axesOf(region);
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

/**
 * A place in a region, each coordinate from 0 (left, top edge) to 1, as a point of the frame; `axes` are the region's,
 * where they exist.
 */
export function fromRegion(region: FaceRegion, x: number, y: number, axes = axesOf(region)): Point {
  const [cos, sin] = axes;
  const across = (x - 0.5) * region.width;
  const down = (y - 0.5) * region.height;
  return { x: region.centre.x + across * cos - down * sin, y: region.centre.y + across * sin + down * cos };
}
