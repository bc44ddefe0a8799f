import { fitHeadPose, type HeadPose } from '../face/head-pose.js';
import type { Landmarks } from '../face/observation.js';
import { dot, meanOf, subtract, timesTransposed, type Vector } from '../face/rotation.js';
import { byName } from './by-name.js';
import { MEDIAL_POINTS, SIDE_POINTS, facePoints, type MedialPoint, type SidePoint } from './face-points.js';
import type { HeadPoint } from './head-frame.js';
import { MEAN_HEAD_MEDIAL, MEAN_HEAD_RIGHT } from './mean-head.js';
import type { Side } from './units.js';

/**
 * One half of a face, turned to a frontal view: x from the midline towards the patient's left, y above the eye line.
 */
export interface MirroredHalf {
  readonly points: Readonly<Record<SidePoint, HeadPoint | null>>;
  readonly medial: Readonly<Record<MedialPoint, HeadPoint>>;
}

/** Both, null for a side without a mirrored face. */
export interface MirroredHalves extends Readonly<Record<Side, MirroredHalf | null>> {
  /** Between the middles of the two eyes, as the mirrored faces show them. */
  readonly interOcular: number;
}

/** In the head's axes, in pixels. */
interface TurnedHalf {
  readonly side: (name: SidePoint) => Vector | null;
  readonly medial: (name: MedialPoint) => Vector;
}

/**
 * Turns the halves that mirrored faces show back to a frontal view, each by its own landmarks.
 *
 * All of it refers to the eyes: heights to the line between their middles, x to the midline that crosses it there at a
 * right angle (as Emotrics has it). A one-sided movement drags the midline that is mirrored about by some tenths of a
 * millimetre, and would seem to be a movement of the other side; the eyes of mirrored faces stay.
 *
 * The pose is the whole face's, since a mirrored face looks straight ahead whatever the head does. Depths are the mean
 * head's: those of the nets follow expressions, and on a turned head would move points sideways.
 *
 * @param mirrored by sides as an unmirrored camera sees the patient
 * @param unitPixels of the unit that lengths are to be in
 * @returns null when there is no pose, or the landmarks are not finite.
 */
export function mirroredHalves(
  whole: Landmarks,
  mirrored: Readonly<Record<Side, Landmarks | null>>,
  unitPixels: number,
): MirroredHalves | null {
  const pose = fitHeadPose(whole);
  if (pose === null) return null;
  const halfOf = (side: Side): TurnedHalf | null => mirrored[side] && turnedHalf(pose, mirrored[side], side);
  const halves = { left: halfOf('left'), right: halfOf('right') };
  const eyeOf = (side: Side): Vector | null => {
    const half = halves[side] ?? turnedHalf(pose, whole, side);
    const [inner, outer] = [half.side('eyeInner'), half.side('eyeOuter')];
    return inner === null || outer === null ? null : meanOf([inner, outer]);
  };
  const [left, right] = [eyeOf('left'), eyeOf('right')];
  if (left === null || right === null) return null;
  const across = subtract(left, right);
  const length = Math.hypot(across[0], across[1]);
  if (!(length > 1)) return null;
  const [cos, sin] = [across[0] / length, across[1] / length];
  const middle = meanOf([left, right]);

  const point = (place: Vector): HeadPoint => {
    const [x, y, z] = subtract(place, middle);
    return { x: (x * cos + y * sin) / unitPixels, y: (y * cos - x * sin) / unitPixels, z: z / unitPixels };
  };
  const levelled = (half: TurnedHalf): MirroredHalf => ({
    points: byName(SIDE_POINTS, (name) => {
      const place = half.side(name);
      return place === null ? null : point(place);
    }),
    medial: byName(MEDIAL_POINTS, (name) => point(half.medial(name))),
  });
  return {
    left: halves.left && levelled(halves.left),
    right: halves.right && levelled(halves.right),
    interOcular: length / unitPixels,
  };
}

function turnedHalf(pose: HeadPose, { topology, points }: Landmarks, side: Side): TurnedHalf {
  const named = facePoints(topology);
  const placeOf = (indices: readonly number[], model: Vector): Vector => {
    const mean = (axis: number): number =>
      indices.reduce((sum, index) => sum + (points[index * 3 + axis] ?? NaN), 0) / indices.length;
    const depth = pose.scale * dot(pose.rotation[2], subtract(model, pose.modelCentre)) + pose.centre[2];
    return timesTransposed(pose.rotation, subtract([mean(0), -mean(1), depth], pose.centre));
  };
  return {
    side: (name) => {
      const [x, y, z] = MEAN_HEAD_RIGHT[name];
      const indices = named.sides[side][name];
      return indices === null ? null : placeOf(indices, side === 'right' ? [x, y, z] : [-x, y, z]);
    },
    medial: (name) => placeOf(named.medial[name], MEAN_HEAD_MEDIAL[name]),
  };
}
