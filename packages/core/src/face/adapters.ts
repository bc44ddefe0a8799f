import type { Frame } from '../frames/frame.js';
import type { Box, Detection, FaceObservation, MirroredFace, PictureHalf, Point } from './observation.js';

/** A turned rectangle about a face, what a landmark network looks at, in pixels of the upright frame. */
export interface FaceRegion {
  readonly centre: Point;
  /** Along the face's own horizontal and vertical. */
  readonly width: number;
  readonly height: number;
  /** Degrees from the frame's x axis to the face's, clockwise as seen (x right, y down). */
  readonly angle: number;
}

/** Degrees by which a face may stand turned in the frame, beside upright. */
export const QUARTER_TURNS = [90, 180, 270] as const;
export type QuarterTurn = (typeof QUARTER_TURNS)[number];

/**
 * How hard a detector looks: `quick` for every frame, `thorough` also for small faces and at several times the cost.
 */
export type Search = 'quick' | 'thorough';

/** Finds the faces of a frame. Remembers nothing of earlier frames: what it should know of them it is given. */
export interface FaceDetector {
  /**
   * Faces, highest score first, overlapping ones merged or dropped.
   * @param near the region of interest to look at first; null for the whole frame at once.
   */
  detect(frame: Frame, search: Search, near?: Box | null): Promise<readonly Detection[]>;
  /**
   * Faces that stand turned in the frame, by a quick search through the frame turned back.
   * @param turn degrees clockwise as seen; a face that lies on its left ear is found at 90. Absent where a detector
   *   cannot.
   */
  detectTurned?(frame: Frame, turn: QuarterTurn): Promise<readonly Detection[]>;
  /**
   * The region of interest for the next search, after one that was given `last` and found these faces; null for none.
   * Absent in detectors that always look at the whole frame.
   */
  regionOfInterest?(last: Box | null, found: readonly Detection[]): Box | null;
  /** False when `thorough` finds nothing that `quick` does not. */
  readonly hasThorough: boolean;
}

/** Finds the landmarks of the face in a region. Frames may be under way side by side. */
export interface Landmarker {
  /** The region to look at for a face that the detector found. */
  regionOf(detection: Detection): FaceRegion;
  /** The face, or null when the region holds none (its presence score is below the suite's threshold). */
  observe(frame: Frame, region: FaceRegion): Promise<FaceObservation | null>;
  /**
   * The face that is made of one half of a region and its mirror image, or null when it shows none. Absent in suites
   * that cannot measure mirrored faces.
   * @param region its middle lies on the midline, its vertical along it.
   */
  observeMirrored?(frame: Frame, region: FaceRegion, half: PictureHalf): Promise<MirroredFace | null>;
  /** How the face is followed from frame to frame. */
  readonly following: Following;
}

/**
 * `landmarks`: the last frame's landmarks say where to look in the next frame; detections are for lost faces.
 * `detections`: a detection's region is good for some frames, which can be looked at side by side; then comes the next.
 */
export type Following =
  | {
      readonly kind: 'landmarks';
      /** The region to look at in the frame after one in which the face was so. */
      nextRegion(observation: FaceObservation): FaceRegion;
      /** How many further looks at a region there are, cut a little differently or mirrored (see `LandmarkBalance`). */
      readonly furtherLooks: number;
      /** x, y, z of the landmarks in the frame by a further look, counted from 0; null when it shows no face. */
      lookAgain(frame: Frame, region: FaceRegion, look: number): Promise<Float32Array | null>;
    }
  | {
      readonly kind: 'detections';
      /** How far apart detections are; starts again for each video. */
      newInterval(): DetectionInterval;
    };

/** How many frames a detection is good for. Fed in frame order. */
export interface DetectionInterval {
  /** Takes in what was seen in one more frame. */
  observe(face: FaceObservation): void;
  /**
   * Frames from a detection, this face's, to the next; null: no face was found, and what is known of its movement is
   * void.
   */
  detected(face: Box | null): number;
}
