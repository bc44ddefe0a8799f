import { FaceMirrorError } from '../errors.js';
import type { FaceChoice } from '../face/search.js';
import type { TrackerCounts } from '../face/tracker.js';

/** What a run whose frames show no face has to say. */
export function faceWarnings(framesWithFace: number): string[] {
  return framesWithFace > 0
    ? []
    : ["No face was found in any frame: the pictures are the video's own, and the tables are empty."];
}

/** The failure of a video without a face. @param path what errors call the video. */
export function noFace(path: string, { frames, mostFaces }: TrackerCounts, face: FaceChoice): FaceMirrorError {
  if (typeof face === 'number' && mostFaces > 0)
    return new FaceMirrorError(
      'NO_FACE',
      `Face ${face} from the picture's left was asked for, but no frame of ${path} shows more than ${mostFaces} ` +
        `${mostFaces === 1 ? 'face' : 'faces'}: nothing was written; give \`face\` a number up to ${mostFaces}, or ` +
        'leave it out for the largest.',
    );
  return new FaceMirrorError(
    'NO_FACE',
    `No face was found in any of the ${frames} frames of ${path}: nothing was written; check that it shows the ` +
      "patient's face from the front, or give `allowNoFace: true` to have it written as it is.",
  );
}
