import type { Frame } from '../frames/frame.js';
import type { Detection, FaceObservation, Point } from './observation.js';

/** A turned rectangle about a face, what a landmark network looks at, in pixels of the upright frame. */
export interface FaceRegion {
  readonly centre: Point;
  /** Along the face's own horizontal and vertical. */
  readonly width: number;
  readonly height: number;
  /** Degrees from the frame's x axis to the face's, clockwise as seen (x right, y down). */
  readonly angle: number;
}

/** How hard a detector looks: `quick` for every frame, `thorough` also for small faces and at several times the cost. */
export type Search = 'quick' | 'thorough';

/** Finds the faces of a frame. */
export interface FaceDetector {
  /** Faces, highest score first, overlapping ones merged or dropped. */
  detect(frame: Frame, search: Search): Promise<readonly Detection[]>;
  /** False when `thorough` finds nothing that `quick` does not. */
  readonly hasThorough: boolean;
}

/** Finds the landmarks of the face in a region. */
export interface Landmarker {
  /** The region to look at for a face that the detector found. */
  regionOf(detection: Detection): FaceRegion;
  /** The face, or null when the region holds none (its presence score is below the suite's threshold). */
  observe(frame: Frame, region: FaceRegion): Promise<FaceObservation | null>;
  /** The region to look at in the next frame; null when this suite needs a detection for every frame. */
  nextRegion(observation: FaceObservation): FaceRegion | null;
}
