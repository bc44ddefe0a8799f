/** A point in pixels of the upright frame: x right, y down, pixel centres at integers. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An upright rectangle in pixels of the upright frame; may reach beyond it. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `mirrored` for video that shows the face as a mirror does (selfies): the patient's right is on the picture's right. */
export type Camera = 'normal' | 'mirrored';

/** The landmark sets that suites give. `mediapipe-468` lacks the ten iris points of `mediapipe-478`. */
export type Topology = 'mediapipe-478' | 'mediapipe-468' | 'wflw-98';

/** A face that a detector found. */
export interface Detection {
  readonly box: Box;
  /** 0 to 1. */
  readonly score: number;
  /** The detector's own key points (BlazeFace six, RetinaFace five), in its order. */
  readonly keypoints: readonly Point[];
}

/** Landmarks of one face. */
export interface Landmarks {
  readonly topology: Topology;
  /** x, y, z triples in pixels of the upright frame (z in the same scale, towards the camera negative; 0 for 2-D sets). */
  readonly points: Float32Array;
}

/** All that a suite saw of the followed face in one frame. */
export interface FaceObservation {
  readonly box: Box;
  /** Probability that this is a face, 0 to 1. */
  readonly confidence: number;
  readonly landmarks: Landmarks;
  /** The 52 ARKit-style blendshapes in MediaPipe's order, 0 to 1, when the suite has that net. */
  readonly blendshapes: Float32Array | null;
}
