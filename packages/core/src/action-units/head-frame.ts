import { cameraPoint, fitHeadPose, hasDepth, MEAN_INTER_OCULAR_CM } from '../face/head-pose.js';
import type { Landmarks } from '../face/observation.js';
import { dot, meanOf, subtract, timesTransposed, type Vector } from '../face/rotation.js';
import { byName } from './by-name.js';
import {
  MEDIAL_POINTS,
  SIDE_POINTS,
  facePoints,
  type FacePoints,
  type MedialPoint,
  type SidePoint,
} from './face-points.js';
import { MEAN_HEAD_MEDIAL, MEAN_HEAD_RIGHT } from './mean-head.js';
import { SIDES, type Side } from './units.js';

/** x towards the patient's left, y up, z forward, in the face's unit (see {@link HeadFrameFace.unitPixels}). */
export interface HeadPoint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** A face as if it looked straight into the camera: its points turned back by the head's pose and scaled. */
export interface HeadFrameFace {
  readonly sides: Readonly<Record<Side, Readonly<Record<SidePoint, HeadPoint | null>>>>;
  readonly medial: Readonly<Record<MedialPoint, HeadPoint>>;
  /** Mean diameter of the irises in the face's unit; null without iris landmarks. */
  readonly irisDiameter: number | null;
  /** Between the middles of the two eyes, in the face's unit. */
  readonly interOcular: number;
  /**
   * Pixels of the unit: the mean head's inter-ocular distance, as large as the head appears. For flat landmarks it is
   * the face's own inter-ocular distance.
   */
  readonly unitPixels: number;
}

/**
 * Turns landmarks back to a frontal view by the head's pose; flat landmarks get the mean head's depth.
 *
 * The scale is that of the whole head where the landmarks' depth gives one: a blink moves the corners of the eyes by up
 * to 4 % of their distance, which with that distance for a ruler would raise the chin.
 *
 * `left` and `right` are as an unmirrored camera sees the patient. Null when the landmarks are no face at all
 * (not finite, or all in one place).
 */
export function toHeadFrame(landmarks: Landmarks): HeadFrameFace | null {
  const points = facePoints(landmarks.topology);
  const camera = (index: number): Vector => cameraPoint(landmarks, index);
  const depthKnown = hasDepth(landmarks.topology);
  const pose = fitHeadPose(landmarks);
  if (pose === null) return null;

  const place = (indices: readonly number[], model: Vector): Vector => {
    const mean = meanOf(indices.map(camera));
    const depth = depthKnown
      ? mean[2]
      : pose.scale * dot(pose.rotation[2], subtract(model, pose.modelCentre)) + pose.centre[2];
    return timesTransposed(pose.rotation, subtract([mean[0], mean[1], depth], pose.centre));
  };
  const turned = (side: Side, name: SidePoint): Vector | null => {
    const indices = points.sides[side][name];
    if (indices === null) return null;
    const [x, y, z] = MEAN_HEAD_RIGHT[name];
    return place(indices, side === 'right' ? [x, y, z] : [-x, y, z]);
  };

  const eyes = SIDES.map((side) => {
    const inner = turned(side, 'eyeInner');
    const outer = turned(side, 'eyeOuter');
    return inner === null || outer === null ? null : meanOf([inner, outer]);
  });
  const [left, right] = eyes;
  if (left === undefined || left === null || right === undefined || right === null) return null;
  const interOcular = Math.hypot(...subtract(left, right));
  if (!(interOcular > 1)) return null;

  const unit = depthKnown ? pose.scale * MEAN_INTER_OCULAR_CM : interOcular;

  const origin = meanOf([left, right]);
  const scaled = (vector: Vector): HeadPoint => {
    const [x, y, z] = subtract(vector, origin);
    return { x: x / unit, y: y / unit, z: z / unit };
  };
  const sideOf = (side: Side): Record<SidePoint, HeadPoint | null> =>
    byName(SIDE_POINTS, (name) => {
      const vector = turned(side, name);
      return vector === null ? null : scaled(vector);
    });
  return {
    sides: { left: sideOf('left'), right: sideOf('right') },
    medial: byName(MEDIAL_POINTS, (name) => scaled(place(points.medial[name], MEAN_HEAD_MEDIAL[name]))),
    irisDiameter: irisDiameter(points, camera, unit),
    interOcular: interOcular / unit,
    unitPixels: unit,
  };
}

/** The mean of both irises' two diameters, in units of that many pixels. */
function irisDiameter(points: FacePoints, camera: (index: number) => Vector, unit: number): number | null {
  if (points.irises === null) return null;
  const diameters = SIDES.flatMap((side) => points.irises?.[side] ?? []).map(([a, b]) =>
    Math.hypot(...subtract(camera(a), camera(b))),
  );
  return diameters.reduce((sum, diameter) => sum + diameter, 0) / diameters.length / unit;
}
