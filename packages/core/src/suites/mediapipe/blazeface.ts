/**
 * What BlazeFace's two outputs mean: anchors, boxes, key points, scores, and how overlapping ones are merged. After the
 * SsdAnchors, TensorsToDetections and NonMaxSuppression calculators of MediaPipe's face_detection graphs (Apache-2.0).
 */

/** A BlazeFace net. */
export interface BlazeFaceSpec {
  /** Side of its square input, which also is the unit of its raw outputs. */
  readonly size: number;
  /** Grids of anchors in the order of the net's outputs: cells per side, anchors in a cell. */
  readonly grids: readonly { readonly cells: number; readonly anchorsPerCell: number }[];
  readonly regressors: string;
  readonly classifiers: string;
}

export const SHORT_RANGE: BlazeFaceSpec = {
  size: 128,
  grids: [
    { cells: 16, anchorsPerCell: 2 },
    { cells: 8, anchorsPerCell: 6 },
  ],
  regressors: 'regressors',
  classifiers: 'classificators',
};

export const FULL_RANGE: BlazeFaceSpec = {
  size: 192,
  grids: [{ cells: 48, anchorsPerCell: 1 }],
  regressors: 'reshaped_regressor_face_4',
  classifiers: 'reshaped_classifier_face_4',
};

/** Values of one anchor in the regressors' output: centre x, y, width, height, then six key points. */
const VALUES_PER_ANCHOR = 16;
const KEYPOINTS = 6;
/** Raw scores are clipped to this before the sigmoid. */
const SCORE_LIMIT = 100;

/**
 * A face in the net's own picture, coordinates from 0 to 1 (0 at the picture's left and top edge): left, top, right,
 * bottom, then x and y of six key points (right eye, left eye, nose tip, mouth, right ear, left ear; the patient's
 * sides).
 */
export interface RawFace {
  readonly score: number;
  readonly values: Float64Array;
}

/** Anchor centres, x and y from 0 to 1, in the order of the net's outputs. */
export function anchorCentres(spec: BlazeFaceSpec): Float64Array {
  const centres: number[] = [];
  for (const { cells, anchorsPerCell } of spec.grids) {
    for (let cell = 0; cell < cells * cells; cell++) {
      for (let each = 0; each < anchorsPerCell; each++) {
        centres.push(((cell % cells) + 0.5) / cells, (Math.floor(cell / cells) + 0.5) / cells);
      }
    }
  }
  return Float64Array.from(centres);
}

/** The anchors whose score reaches the threshold, as faces, not yet merged. */
export function decodeFaces(
  spec: BlazeFaceSpec,
  anchors: Float64Array,
  regressors: Float32Array,
  classifiers: Float32Array,
  threshold: number,
): RawFace[] {
  const faces: RawFace[] = [];
  for (let anchor = 0; anchor < classifiers.length; anchor++) {
    const raw = Math.max(-SCORE_LIMIT, Math.min(SCORE_LIMIT, classifiers[anchor] ?? -SCORE_LIMIT));
    const score = 1 / (1 + Math.exp(-raw));
    if (!(score >= threshold)) continue;
    const value = (place: number): number => (regressors[anchor * VALUES_PER_ANCHOR + place] ?? 0) / spec.size;
    const [anchorX, anchorY] = [anchors[2 * anchor] ?? 0, anchors[2 * anchor + 1] ?? 0];
    const [x, y, halfWidth, halfHeight] = [value(0) + anchorX, value(1) + anchorY, value(2) / 2, value(3) / 2];
    const values = new Float64Array(4 + 2 * KEYPOINTS);
    values.set([x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight]);
    for (let point = 0; point < KEYPOINTS; point++) {
      values[4 + 2 * point] = value(4 + 2 * point) + anchorX;
      values[5 + 2 * point] = value(5 + 2 * point) + anchorY;
    }
    faces.push({ score, values });
  }
  return faces;
}

/**
 * Weighted non-maximum suppression: the best face takes in all that overlap it by more than the threshold, as the mean
 * of their places weighted by score; it keeps its own score.
 */
export function mergeFaces(faces: readonly RawFace[], overlapThreshold: number): RawFace[] {
  let rest = faces
    .map((face, place) => ({ face, place }))
    .sort((a, b) => b.face.score - a.face.score || a.place - b.place)
    .map(({ face }) => face);
  const merged: RawFace[] = [];
  for (let [best] = rest; best !== undefined; [best] = rest) {
    const top = best;
    const group = rest.filter((face) => face === top || overlap(face, top) > overlapThreshold);
    const total = group.reduce((sum, { score }) => sum + score, 0);
    const values = top.values.map(
      (_, place) => group.reduce((sum, face) => sum + face.score * (face.values[place] ?? 0), 0) / total,
    );
    merged.push({ score: top.score, values });
    rest = rest.filter((face) => !group.includes(face));
  }
  return merged;
}

/** Intersection over union of two faces' boxes. */
function overlap(a: RawFace, b: RawFace): number {
  const [aLeft = 0, aTop = 0, aRight = 0, aBottom = 0] = a.values;
  const [bLeft = 0, bTop = 0, bRight = 0, bBottom = 0] = b.values;
  const width = Math.min(aRight, bRight) - Math.max(aLeft, bLeft);
  const height = Math.min(aBottom, bBottom) - Math.max(aTop, bTop);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / ((aRight - aLeft) * (aBottom - aTop) + (bRight - bLeft) * (bBottom - bTop) - intersection);
}
