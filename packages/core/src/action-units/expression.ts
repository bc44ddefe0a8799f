import type { FaceObservation } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';

/** The emotions of OpenFace 3.0 in its order (AffectNet's). */
export const EMOTIONS = ['neutral', 'happy', 'sad', 'surprise', 'fear', 'disgust', 'anger', 'contempt'] as const;

/** What a network reads off the whole, unmirrored face. */
export interface Expression {
  /** A probability for each of {@link EMOTIONS}; they add up to 1. */
  readonly emotions: readonly number[];
  /**
   * Degrees; OpenFace 3.0's angles: looking direction (-cos(pitch) sin(yaw), -sin(pitch), -cos(pitch) cos(yaw)), x
   * right, y down.
   */
  readonly gazeYaw: number;
  readonly gazePitch: number;
}

/** A network that reads emotion and gaze off a picture of a face. */
export interface ExpressionNetwork {
  express(frame: Frame, face: FaceObservation): Promise<Expression>;
}

/** The expression table's head, line feed and all. */
export function expressionHeader(): string {
  const emotions = EMOTIONS.map((emotion) => `emotion_${emotion}`);
  const gaze = ['gaze_yaw_degrees', 'gaze_pitch_degrees'];
  return `${['frame', 'timestamp', 'confidence', 'success', ...emotions, ...gaze].join(',')}\n`;
}

/** One frame's row; without a face or an expression its values stay empty. */
export function expressionRow(
  frame: number,
  timestamp: number,
  confidence: number,
  expression: Expression | null,
): string {
  const values = expression === null ? [] : [...expression.emotions, expression.gazeYaw, expression.gazePitch];
  const cells = Array.from({ length: EMOTIONS.length + 2 }, (_, place) => values[place]?.toFixed(4) ?? '');
  return `${[frame, timestamp.toFixed(4), confidence.toFixed(3), expression === null ? 0 : 1, ...cells].join(',')}\n`;
}
