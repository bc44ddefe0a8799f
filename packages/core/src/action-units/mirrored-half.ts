import { fitHeadPose, type HeadPose } from '../face/head-pose.js';
import type { Midline } from '../face/midline.js';
import type { Landmarks, Point } from '../face/observation.js';
import { dot, meanOf, subtract, timesTransposed, type Vector } from '../face/rotation.js';
import { byName } from './by-name.js';
import { MEDIAL_POINTS, SIDE_POINTS, facePoints, type MedialPoint, type SidePoint } from './face-points.js';
import type { HeadPoint } from './head-frame.js';
import { MEAN_HEAD_MEDIAL, MEAN_HEAD_MIDLINE, MEAN_HEAD_RIGHT } from './mean-head.js';
import type { Side } from './units.js';

/** One half of a face, turned to a frontal view: x from the midline towards the patient's left, y above the eye line. */
export interface MirroredHalf {
  readonly points: Readonly<Record<SidePoint, HeadPoint | null>>;
  readonly medial: Readonly<Record<MedialPoint, HeadPoint>>;
}

/**
 * Turns the half that a mirrored face shows back to a frontal view. All of it refers to the midline, about which the face
 * was mirrored, and to the own eye: what the other half does moves nothing here.
 *
 * The pose is the whole face's, since a mirrored face looks straight ahead whatever the head does. Depths are the mean
 * head's: those of the nets follow expressions, and on a turned head would move points sideways.
 *
 * @param side as an unmirrored camera sees the patient
 * @param unitPixels of the unit that lengths are to be in
 * @returns null when there is no pose, or the landmarks are not finite.
 */
export function mirroredHalf(
  whole: Landmarks,
  mirrored: Landmarks,
  midline: Midline,
  side: Side,
  unitPixels: number,
): MirroredHalf | null {
  const pose = fitHeadPose(whole);
  if (pose === null) return null;
  const named = facePoints(mirrored.topology);
  const at = (index: number): Point => ({
    x: mirrored.points[index * 3] ?? NaN,
    y: mirrored.points[index * 3 + 1] ?? NaN,
  });
  const placeOf = (indices: readonly number[], model: Vector): Vector => {
    const points = indices.map(at);
    const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
    const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
    return turnedBack(pose, { x, y }, model);
  };
  const sidePlace = (name: SidePoint): Vector | null => {
    const [x, y, z] = MEAN_HEAD_RIGHT[name];
    const indices = named.sides[side][name];
    return indices === null ? null : placeOf(indices, side === 'right' ? [x, y, z] : [-x, y, z]);
  };

  const glabella = turnedBack(pose, midline.glabella, MEAN_HEAD_MIDLINE.glabella);
  const chin = turnedBack(pose, midline.chin, MEAN_HEAD_MIDLINE.chin);
  const up = subtract(glabella, chin);
  const length = Math.hypot(up[0], up[1]);
  const [inner, outer] = [sidePlace('eyeInner'), sidePlace('eyeOuter')];
  if (inner === null || outer === null || !(length > 0)) return null;
  const [sin, cos] = [up[0] / length, up[1] / length];
  const eye = subtract(meanOf([inner, outer]), glabella);
  const eyeHeight = eye[0] * sin + eye[1] * cos;
  if (!Number.isFinite(eyeHeight)) return null;

  const point = (place: Vector): HeadPoint => {
    const [x, y, z] = subtract(place, glabella);
    return {
      x: (x * cos - y * sin) / unitPixels,
      y: (x * sin + y * cos - eyeHeight) / unitPixels,
      z: z / unitPixels,
    };
  };
  return {
    points: byName(SIDE_POINTS, (name) => {
      const place = sidePlace(name);
      return place === null ? null : point(place);
    }),
    medial: byName(MEDIAL_POINTS, (name) => point(placeOf(named.medial[name], MEAN_HEAD_MEDIAL[name]))),
  };
}

/** A point of the frame in the head's axes, in pixels, its depth being that of a point of the mean head. */
function turnedBack(pose: HeadPose, { x, y }: Point, model: Vector): Vector {
  const depth = pose.scale * dot(pose.rotation[2], subtract(model, pose.modelCentre)) + pose.centre[2];
  return timesTransposed(pose.rotation, subtract([x, -y, depth], pose.centre));
}
