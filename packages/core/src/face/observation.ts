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

/**
 * `mirrored` for video that shows the face as a mirror does (selfies): the patient's right is on the picture's right.
 */
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
  /**
   * x, y, z triples in pixels of the upright frame (z in the same scale, towards the camera negative; 0 for 2-D sets).
   */
  readonly points: Float32Array;
}

/**
 * Half of the picture of a face, as one looks at it: an unmirrored camera shows the patient's right half on the left.
 */
export type PictureHalf = 'left' | 'right';

/** What a suite saw of a face that is made of one half and its mirror image. It is even by construction. */
export interface MirroredFace {
  /**
   * In pixels of the frame: the points of the half lie where they are in the frame, the others where their mirror
   * images do.
   */
  readonly landmarks: Landmarks;
  /** As in {@link FaceObservation}. */
  readonly blendshapes: Float32Array | null;
}

/** The faces made of the two halves of a picture; null for one in which the suite sees no face. */
export type MirroredFaces = Readonly<Record<PictureHalf, MirroredFace | null>>;

/** All that a suite saw of the followed face in one frame. */
export interface FaceObservation {
  readonly box: Box;
  /** Probability that this is a face, 0 to 1. */
  readonly confidence: number;
  readonly landmarks: Landmarks;
  /** The 52 ARKit-style blendshapes in MediaPipe's order, 0 to 1, when the suite has that net. */
  readonly blendshapes: Float32Array | null;
}
