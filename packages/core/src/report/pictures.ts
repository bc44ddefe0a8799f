import { median } from '../arithmetic.js';
import type { Examination } from '../examination/examination.js';
import type { FramesFile } from '../examination/frames-file.js';
import { landmarkBox } from '../face/landmark-box.js';
import { MidlineSmoother, type Midline } from '../face/midline.js';
import type { Box } from '../face/observation.js';

/** The pictures of a frame, cut about the face, as JPEG files. Mirrored ones are null where there is no midline. */
export interface FramePicture {
  readonly original: Uint8Array;
  readonly left: Uint8Array | null;
  readonly right: Uint8Array | null;
}

/** A frame of which a report shows pictures. */
export interface WantedPicture {
  /** Counts from 1. */
  readonly frame: number;
  /** Seconds from the video's start. */
  readonly seconds: number;
  /** What to cut out, in pixels of the upright frame; may reach beyond it. All cuts of a video have one size. */
  readonly cut: Box;
  readonly midline: Midline | null;
}

/** Width over height of the cuts. */
const SHAPE = 0.78;
/** Height of a cut in heights of the face's landmarks. */
const REACH = 1.32;

/**
 * The pictures that an examination's report shows, in frame order, each once: the rest and the peak of every movement.
 * Midlines are those of the mirrored videos.
 */
export function wantedPictures(
  { pictures }: Pick<Examination, 'pictures'>,
  file: FramesFile,
): readonly WantedPicture[] {
  const wanted = new Set(pictures.flatMap(({ rest, peak }) => [rest, peak].filter((frame) => frame !== null)));
  const { topology } = file.header;
  const midlines = new MidlineSmoother();
  const found: { frame: number; seconds: number; midline: Midline | null; face: Box | null }[] = [];
  let last = 0;
  for (const frame of wanted) last = Math.max(last, frame);
  for (const { record, landmarks: points } of file.frames()) {
    if (record.frame > last) break;
    const midline = midlines.next(points === null ? null : { topology, points });
    if (wanted.has(record.frame))
      found.push({
        frame: record.frame,
        seconds: record.timestamp,
        midline,
        face: points === null ? null : landmarkBox(points),
      });
  }
  const height =
    REACH * median(found.flatMap(({ face }) => (face === null ? [] : [Math.max(face.height, face.width / SHAPE)])));
  return found.flatMap(({ face, ...picture }) => {
    if (face === null) return [];
    const width = SHAPE * height;
    // The mirrored faces lie about the midline: it goes through the middle, level with the face's own middle.
    const y = face.y + face.height / 2;
    const x = picture.midline === null ? face.x + face.width / 2 : middleAt(picture.midline, y);
    return [{ ...picture, cut: { x: x - width / 2, y: y - 0.55 * height, width, height } }];
  });
}

function middleAt({ glabella, chin }: Midline, y: number): number {
  const part = (y - glabella.y) / (chin.y - glabella.y);
  // A face that lies on its side has no such place.
  return part > -1 && part < 2 ? glabella.x + part * (chin.x - glabella.x) : (glabella.x + chin.x) / 2;
}
