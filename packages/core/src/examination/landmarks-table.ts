import type { FrameSignals } from '../action-units/frame-record.js';

/**
 * Names of a landmarks table's columns, as OpenFace names them: `x_0`.. and `y_0`.. in pixels of the upright frame,
 * `z_0`.. in the same scale (towards the camera negative), then the head's turns in radians.
 */
export function landmarkColumns(landmarks: number): readonly string[] {
  const numbered = (name: string): string[] => Array.from({ length: landmarks }, (_, i) => `${name}_${i}`);
  return [
    'frame',
    'face_id',
    'timestamp',
    'confidence',
    'success',
    'pose_Rx',
    'pose_Ry',
    'pose_Rz',
    ...numbered('x'),
    ...numbered('y'),
    ...numbered('z'),
  ];
}

/**
 * One line of a landmarks table. OpenFace's turns: `pose_Rx` is positive when the face looks down, `pose_Ry` when it
 * turns to the picture's left, `pose_Rz` when the head leans clockwise in the picture.
 *
 * @param points x, y, z of every landmark; null without a face, which leaves the cells empty
 * @param signals angles as an unmirrored camera sees them
 */
export function landmarksRow(
  frame: number,
  timestamp: number,
  confidence: number,
  points: Float32Array | null,
  signals: Pick<FrameSignals, 'yaw' | 'pitch' | 'roll'>,
  landmarks: number,
): string {
  const start = `${frame},0,${timestamp.toFixed(3)},${confidence.toFixed(2)},${points === null ? 0 : 1}`;
  if (points === null) return `${start}${','.repeat(3 + 3 * landmarks)}\n`;
  const turns = [-signals.pitch, -signals.yaw, signals.roll].map((degrees) => ((degrees * Math.PI) / 180).toFixed(4));
  const cells: string[] = [];
  for (let axis = 0; axis < 3; axis++)
    for (let i = 0; i < landmarks; i++) cells.push((points[3 * i + axis] ?? NaN).toFixed(2));
  return `${start},${turns.join(',')},${cells.join(',')}\n`;
}
