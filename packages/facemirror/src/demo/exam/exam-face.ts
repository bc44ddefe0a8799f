import type { Point } from 'facemirror-core/face/observation.js';
import type { Picture } from '../portrait.js';

/** A place on the face: mm from the middle between the eyes, u to the picture's right along the eyes, v down. */
export type FacePlace = readonly [u: number, v: number];

/** Sides as the picture shows them: `right` is the sitter's right, on the picture's left. */
export interface ExamSide {
  /** Margins of the lids and the brow, from the picture's left to its right. */
  readonly upperLid: readonly FacePlace[];
  readonly lowerLid: readonly FacePlace[];
  readonly brow: readonly FacePlace[];
  readonly corner: FacePlace;
  readonly alar: FacePlace;
  readonly cheek: FacePlace;
}

/** What the exam clip must know of the face in a portrait. */
export interface ExamFace {
  readonly right: ExamSide;
  readonly left: ExamSide;
  /** Inner edges of the lips, from the picture's left to its right. */
  readonly upperLip: readonly FacePlace[];
  readonly lowerLip: readonly FacePlace[];
  readonly upperLipTop: FacePlace;
  readonly nasion: FacePlace;
  readonly chin: FacePlace;
  /** Between pixels of the picture and face places. */
  toFace(x: number, y: number): FacePlace;
  toPicture(place: FacePlace): Point;
  /** Pixels of a mm, where the middles of the eyes are 63 mm apart. */
  readonly pixelsPerMm: number;
}

/** A portrait that an exam clip can be made of: a picture, a little larger than a frame, and the face in it. */
export interface ExamPortrait {
  readonly picture: Picture;
  readonly face: ExamFace;
}

/** Between the middles of the eyes, in mm: what all sizes of the clip refer to. */
export const EXAM_INTER_OCULAR_MM = 63;

/** The landmarks of the 478-point mesh that an exam face is made of. */
const LANDMARKS = {
  right: {
    upperLid: [33, 246, 161, 160, 159, 158, 157, 173, 133],
    lowerLid: [33, 7, 163, 144, 145, 153, 154, 155, 133],
    brow: [70, 63, 105, 66, 107],
    corner: 61,
    alar: 129,
    cheek: 50,
  },
  left: {
    upperLid: [362, 398, 384, 385, 386, 387, 388, 466, 263],
    lowerLid: [362, 382, 381, 380, 374, 373, 390, 249, 263],
    brow: [336, 296, 334, 293, 300],
    corner: 291,
    alar: 358,
    cheek: 280,
  },
  upperLip: [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
  lowerLip: [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
} as const;

/**
 * Reads a face off its landmarks.
 * @param landmark the place of a landmark of the 478-point mesh, in pixels of the picture
 */
export function examFaceOf(landmark: (index: number) => Point): ExamFace {
  const middle = (a: number, b: number): Point => {
    const [p, q] = [landmark(a), landmark(b)];
    return { x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 };
  };
  const right = middle(33, 133);
  const left = middle(362, 263);
  const origin = { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 };
  const pixels = Math.hypot(left.x - right.x, left.y - right.y);
  const scale = EXAM_INTER_OCULAR_MM / pixels;
  const [cos, sin] = [(left.x - right.x) / pixels, (left.y - right.y) / pixels];
  const toFace = (x: number, y: number): FacePlace => {
    const [dx, dy] = [x - origin.x, y - origin.y];
    return [(dx * cos + dy * sin) * scale, (dy * cos - dx * sin) * scale];
  };
  const toPicture = ([u, v]: FacePlace): Point => ({
    x: origin.x + (u * cos - v * sin) / scale,
    y: origin.y + (u * sin + v * cos) / scale,
  });
  const place = (index: number): FacePlace => {
    const { x, y } = landmark(index);
    return toFace(x, y);
  };
  const sideOf = (indices: (typeof LANDMARKS)['left'] | (typeof LANDMARKS)['right']): ExamSide => ({
    upperLid: indices.upperLid.map(place),
    lowerLid: indices.lowerLid.map(place),
    brow: indices.brow.map(place),
    corner: place(indices.corner),
    alar: place(indices.alar),
    cheek: place(indices.cheek),
  });
  return {
    right: sideOf(LANDMARKS.right),
    left: sideOf(LANDMARKS.left),
    upperLip: LANDMARKS.upperLip.map(place),
    lowerLip: LANDMARKS.lowerLip.map(place),
    upperLipTop: place(0),
    nasion: place(168),
    chin: place(152),
    toFace,
    toPicture,
    pixelsPerMm: 1 / scale,
  };
}

/** The height of a curve at u, straight between its points, that of its end beyond it. */
export function heightOn(curve: readonly FacePlace[], u: number): number {
  const first = curve[0];
  const last = curve.at(-1);
  if (first === undefined || last === undefined) return NaN;
  if (u <= first[0]) return first[1];
  for (let i = 1; i < curve.length; i++) {
    const [u0, v0] = curve[i - 1] ?? first;
    const [u1, v1] = curve[i] ?? last;
    if (u <= u1) return u1 === u0 ? v1 : v0 + ((v1 - v0) * (u - u0)) / (u1 - u0);
  }
  return last[1];
}
