import type { Landmarks } from '../face/observation.js';
import { MEDIAL_POINTS, SIDE_POINTS, facePoints, type FacePoints, type MedialPoint, type SidePoint } from './face-points.js';
import { MEAN_HEAD_MEDIAL, MEAN_HEAD_RIGHT } from './mean-head.js';
import {
  cross,
  dot,
  inverted,
  meanOf,
  multiply,
  nearestRotation,
  outerSum,
  subtract,
  timesTransposed,
  traceOfProduct,
  type Matrix,
  type Vector,
} from './rotation.js';
import { SIDES, type Side } from './units.js';

/** x towards the patient's left, y up, z forward, in inter-ocular distances (between the middles of the two eyes). */
export interface HeadPoint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** A face as if it looked straight into the camera: its points turned back by the head's pose and scaled. */
export interface HeadFrameFace {
  readonly sides: Readonly<Record<Side, Readonly<Record<SidePoint, HeadPoint | null>>>>;
  readonly medial: Readonly<Record<MedialPoint, HeadPoint>>;
  /** Mean diameter of the irises in inter-ocular distances; null without iris landmarks. */
  readonly irisDiameter: number | null;
  /** Pixels of one inter-ocular distance. */
  readonly interOcularPixels: number;
}

/**
 * Turns landmarks back to a frontal view. The head's rotation is fitted to landmarks that expressions do not move
 * (eye corners, nose bridge, temples) against the mean head of MediaPipe's canonical face model: for landmarks with
 * depth the least-squares rotation (Kabsch 1976), for flat ones the least-squares weak-perspective camera made
 * orthonormal (POS of DeMenthon & Davis 1995), with the mean head's depth for each point.
 *
 * `left` and `right` are as an unmirrored camera sees the patient. Null when the landmarks are no face at all
 * (not finite, or all in one place).
 */
export function toHeadFrame(landmarks: Landmarks): HeadFrameFace | null {
  const points = facePoints(landmarks.topology);
  const camera = (index: number): Vector => [
    landmarks.points[index * 3] ?? NaN,
    -(landmarks.points[index * 3 + 1] ?? NaN),
    points.depth ? -(landmarks.points[index * 3 + 2] ?? NaN) : 0,
  ];
  const pose = fitPose(points, camera);
  if (pose === null) return null;

  const place = (indices: readonly number[], model: Vector): Vector => {
    const mean = meanOf(indices.map(camera));
    const depth = points.depth ? mean[2] : pose.scale * dot(pose.rotation[2], subtract(model, pose.modelCentre)) + pose.centre[2];
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

  const origin = meanOf([left, right]);
  const scaled = (vector: Vector): HeadPoint => {
    const [x, y, z] = subtract(vector, origin);
    return { x: x / interOcular, y: y / interOcular, z: z / interOcular };
  };
  const sideOf = (side: Side): Record<SidePoint, HeadPoint | null> =>
    Object.fromEntries(
      SIDE_POINTS.map((name) => {
        const vector = turned(side, name);
        return [name, vector === null ? null : scaled(vector)];
      }),
    ) as Record<SidePoint, HeadPoint | null>;
  return {
    sides: { left: sideOf('left'), right: sideOf('right') },
    medial: Object.fromEntries(
      MEDIAL_POINTS.map((name) => [name, scaled(place(points.medial[name], MEAN_HEAD_MEDIAL[name]))]),
    ) as Record<MedialPoint, HeadPoint>,
    irisDiameter: irisDiameter(points, camera, interOcular),
    interOcularPixels: interOcular,
  };
}

/** The mean of both irises' two diameters, in inter-ocular distances. */
function irisDiameter(points: FacePoints, camera: (index: number) => Vector, interOcular: number): number | null {
  if (points.irises === null) return null;
  const diameters = SIDES.flatMap((side) => points.irises?.[side] ?? []).map(([a, b]) =>
    Math.hypot(...subtract(camera(a), camera(b))),
  );
  return diameters.reduce((sum, diameter) => sum + diameter, 0) / diameters.length / interOcular;
}

interface Pose {
  /** Turns the model's axes into the camera's. */
  readonly rotation: Matrix;
  /** Pixels of one unit of the model. */
  readonly scale: number;
  readonly centre: Vector;
  readonly modelCentre: Vector;
}

function fitPose(points: FacePoints, camera: (index: number) => Vector): Pose | null {
  const seen = points.stable.map(({ index }) => camera(index));
  const model = points.stable.map((point) => point.model);
  const centre = meanOf(seen);
  const modelCentre = meanOf(model);
  const seenOffsets = seen.map((vector) => subtract(vector, centre));
  const modelOffsets = model.map((vector) => subtract(vector, modelCentre));
  const covariance = outerSum(seenOffsets, modelOffsets);
  if (points.depth) {
    const rotation = nearestRotation(covariance);
    const spread = modelOffsets.reduce((total, vector) => total + dot(vector, vector), 0);
    return rotation && { rotation, scale: traceOfProduct(rotation, covariance) / spread, centre, modelCentre };
  }
  const inverse = inverted(outerSum(modelOffsets, modelOffsets));
  if (inverse === null) return null;
  const affine = multiply(covariance, inverse);
  const [u, v] = affine;
  const scale = Math.sqrt(Math.hypot(...u) * Math.hypot(...v));
  if (!(scale > 0)) return null;
  const w = cross(u, v);
  const rotation = nearestRotation([u, v, [w[0] / scale, w[1] / scale, w[2] / scale]]);
  return rotation && { rotation, scale, centre, modelCentre };
}
