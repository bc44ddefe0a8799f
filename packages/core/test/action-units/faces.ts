import { readFileSync } from 'node:fs';
import type { FaceObservation } from '../../src/face/observation.js';

const { points: PORTRAIT } = JSON.parse(readFileSync(new URL('portrait-landmarks.json', import.meta.url), 'utf8')) as {
  points: number[];
};
export const INTER_OCULAR = 83;

/**
 * Landmarks of each movement on the sitter's right (the picture's left) and left, and how they go at its fullest, in
 * inter-ocular distances (x outwards, y down).
 */
const MOVES = {
  browRight: { indices: [46, 52, 53, 55, 63, 65, 66, 70, 105, 107], by: [0, -0.12] },
  browLeft: { indices: [276, 282, 283, 285, 293, 295, 296, 300, 334, 336], by: [0, -0.12] },
  smileRight: { indices: [61, 78], by: [-0.15, -0.15] },
  smileLeft: { indices: [291, 308], by: [0.15, -0.15] },
  frownRight: { indices: [61, 78], by: [0, 0.08] },
} as const;
/** Upper lid over lower lid, of both eyes. */
const LIDS = {
  right: [
    [158, 153],
    [159, 145],
    [160, 144],
  ],
  left: [
    [385, 380],
    [386, 374],
    [387, 373],
  ],
} as const;

export interface Expression {
  readonly browRight?: number;
  readonly browLeft?: number;
  readonly smileRight?: number;
  readonly smileLeft?: number;
  readonly frownRight?: number;
  /** 1: the upper lid lies on the lower one. */
  readonly closedRight?: number;
  readonly closedLeft?: number;
}

/** Degrees by which the head is turned, in the order yaw, pitch, roll. */
export type Turn = readonly [yaw: number, pitch: number, roll: number];

/** The portrait's landmarks, with an expression, the head turned, and noise of up to so many pixels. */
export function observation(
  expression: Expression = {},
  turn: Turn = [0, 0, 0],
  noise: () => number = () => 0,
): FaceObservation {
  const points = Float32Array.from(PORTRAIT);
  for (const [name, { indices, by }] of Object.entries(MOVES)) {
    const intensity = expression[name as keyof typeof MOVES] ?? 0;
    for (const index of indices) {
      points[index * 3]! += by[0] * INTER_OCULAR * intensity;
      points[index * 3 + 1]! += by[1] * INTER_OCULAR * intensity;
    }
  }
  for (const [side, closed] of [
    ['right', expression.closedRight ?? 0],
    ['left', expression.closedLeft ?? 0],
  ] as const) {
    for (const [upper, lower] of LIDS[side]) {
      for (const axis of [0, 1, 2])
        points[upper * 3 + axis]! += closed * (points[lower * 3 + axis]! - points[upper * 3 + axis]!);
    }
  }
  turned(points, turn);
  for (let i = 0; i < points.length; i++) points[i]! += noise();
  return {
    box: { x: 0, y: 0, width: 1, height: 1 },
    confidence: 0.9,
    landmarks: { topology: 'mediapipe-478', points },
    blendshapes: null,
  };
}

function turned(points: Float32Array, turn: Turn): void {
  const [yaw, pitch, roll] = turn.map((angle) => (angle * Math.PI) / 180) as [number, number, number];
  for (let i = 0; i < points.length; i += 3) {
    let [x, y, z] = [points[i]! - 446, points[i + 1]! - 240, points[i + 2]!];
    [x, z] = [Math.cos(yaw) * x - Math.sin(yaw) * z, Math.sin(yaw) * x + Math.cos(yaw) * z];
    [y, z] = [Math.cos(pitch) * y - Math.sin(pitch) * z, Math.sin(pitch) * y + Math.cos(pitch) * z];
    [x, y] = [Math.cos(roll) * x - Math.sin(roll) * y, Math.sin(roll) * x + Math.cos(roll) * y];
    points.set([x + 446, y + 240, z], i);
  }
}
