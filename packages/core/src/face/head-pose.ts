import { clamp, toDegrees } from '../arithmetic.js';
import type { Camera, Landmarks, Topology } from './observation.js';
import {
  cross,
  dot,
  inverted,
  meanOf,
  multiply,
  nearestRotation,
  outerSum,
  subtract,
  traceOfProduct,
  type Matrix,
  type Vector,
} from './rotation.js';

/**
 * How the head stands before the camera, as a weak-perspective view of a mean head. The head's axes are x towards the
 * patient's left, y up, z out of the face; the camera's are x to the picture's right, y up, z towards the camera, in
 * pixels. In mirrored video "the patient's left" reads "the picture's right".
 */
export interface HeadPose {
  /** Turns the head's axes into the camera's. */
  readonly rotation: Matrix;
  /** Pixels of one centimetre of the mean head. */
  readonly scale: number;
  /** The mean of the fitted landmarks, in the camera's axes, and the mean of their places on the mean head, in cm. */
  readonly centre: Vector;
  readonly modelCentre: Vector;
}

/** Degrees by which the head is turned; all 0 when it looks straight into the camera. */
export interface HeadAngles {
  /** Positive when the patient turns the face towards the own left (the picture's right), -90 to 90. */
  readonly yaw: number;
  /** Positive when the patient lifts the face, -90 to 90. */
  readonly pitch: number;
  /** Positive when the patient leans the head towards the own left shoulder (clockwise in the picture), -180 to 180. */
  readonly roll: number;
}

/** A landmark that expressions do not move, with its place on the mean head. */
interface StablePoint {
  readonly index: number;
  readonly model: Vector;
}

// Places on the mean head: MediaPipe's canonical face model (Apache-2.0), in cm. Eye corners, nose bridge, temples.
const MESH: readonly StablePoint[] = [
  { index: 33, model: [-4.445859, 2.663991, 3.173422] },
  { index: 133, model: [-1.856432, 2.585245, 3.757904] },
  { index: 362, model: [1.856432, 2.585245, 3.757904] },
  { index: 263, model: [4.445859, 2.663991, 3.173422] },
  { index: 168, model: [0, 3.271027, 5.236015] },
  { index: 6, model: [0, 2.473255, 5.788627] },
  { index: 197, model: [0, 1.728369, 6.31675] },
  { index: 195, model: [0, 1.059413, 6.774605] },
  { index: 4, model: [0, -0.46317, 7.58658] },
  { index: 127, model: [-7.743095, 2.364999, -2.005167] },
  { index: 356, model: [7.743095, 2.364999, -2.005167] },
  { index: 162, model: [-7.555811, 4.106811, -0.991917] },
  { index: 389, model: [7.555811, 4.106811, -0.991917] },
  { index: 234, model: [-7.664182, 0.673132, -2.435867] },
  { index: 454, model: [7.664182, 0.673132, -2.435867] },
];

// The same anatomical points among the 98 of WFLW; 51 to 54 run down the nose bridge, 0 and 32 are the ends of the jaw.
const WFLW: readonly StablePoint[] = [
  { index: 60, model: [-4.445859, 2.663991, 3.173422] },
  { index: 64, model: [-1.856432, 2.585245, 3.757904] },
  { index: 68, model: [1.856432, 2.585245, 3.757904] },
  { index: 72, model: [4.445859, 2.663991, 3.173422] },
  { index: 51, model: [0, 3.271027, 5.236015] },
  { index: 52, model: [0, 1.728369, 6.31675] },
  { index: 53, model: [0, 0.365669, 7.24287] },
  { index: 54, model: [0, -1.126865, 7.475604] },
  { index: 0, model: [-7.743095, 2.364999, -2.005167] },
  { index: 32, model: [7.743095, 2.364999, -2.005167] },
];

/** Between the middles of the mean head's eyes, in cm. */
export const MEAN_INTER_OCULAR_CM = 6.302;

/** Whether the landmarks of a topology have a depth of their own; the z of the others is 0. */
export function hasDepth(topology: Topology): boolean {
  return topology !== 'wflw-98';
}

/** A landmark in the camera's axes, in pixels; NaN when there is none of that index. */
export function cameraPoint({ points, topology }: Landmarks, index: number): Vector {
  return [
    points[index * 3] ?? NaN,
    -(points[index * 3 + 1] ?? NaN),
    hasDepth(topology) ? -(points[index * 3 + 2] ?? NaN) : 0,
  ];
}

/** Poses that were fitted: a frame's is asked for by its midline, its measures and its picture. */
const fitted = new WeakMap<Landmarks, HeadPose | null>();

/**
 * The head's pose from landmarks that expressions do not move, against the mean head: for landmarks with depth the
 * least-squares rotation and scale (Kabsch 1976, Umeyama 1991), for flat ones the least-squares weak-perspective camera
 * made orthonormal (POS of DeMenthon & Davis 1995).
 *
 * Null when the landmarks are no face at all (not finite, or all in one place).
 */
export function fitHeadPose(landmarks: Landmarks): HeadPose | null {
  const known = fitted.get(landmarks);
  if (known !== undefined) return known;
  const pose = fit(landmarks);
  fitted.set(landmarks, pose);
  return pose;
}

function fit(landmarks: Landmarks): HeadPose | null {
  const stable = hasDepth(landmarks.topology) ? MESH : WFLW;
  const seen = stable.map(({ index }) => cameraPoint(landmarks, index));
  const model = stable.map((point) => point.model);
  const centre = meanOf(seen);
  const modelCentre = meanOf(model);
  const seenOffsets = seen.map((vector) => subtract(vector, centre));
  const modelOffsets = model.map((vector) => subtract(vector, modelCentre));
  const covariance = outerSum(seenOffsets, modelOffsets);
  if (hasDepth(landmarks.topology)) {
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

/**
 * The angles of a pose, for rotation = turn(yaw) * tilt(pitch) * lean(roll): yaw and pitch are where the nose points,
 * whatever the head's lean, and roll is the lean that is left. Weak perspective: a face at the picture's edge is seen
 * from its side a little, which counts as yaw.
 *
 * @param camera of `mirrored` video the angles are the patient's own all the same.
 */
export function headAngles({ rotation }: HeadPose, camera: Camera = 'normal'): HeadAngles {
  const [across, up, out] = rotation;
  const sign = camera === 'mirrored' ? -1 : 1;
  return {
    yaw: sign * toDegrees(Math.atan2(across[2], out[2])),
    pitch: toDegrees(Math.asin(clamp(up[2], -1, 1))),
    roll: sign * toDegrees(Math.atan2(-up[0], up[1])),
  };
}
