import type { Topology } from '../face/observation.js';
import type { Side } from './units.js';

/** Points of one half of the face, by the names that the formulas use. Each is the mean of its landmarks. */
export const SIDE_POINTS = [
  'browInner', 'browMiddle', 'browOuter',
  'eyeInner', 'eyeOuter',
  'upperLidNasal', 'upperLidMiddle', 'upperLidTemporal',
  'lowerLidNasal', 'lowerLidMiddle', 'lowerLidTemporal',
  'cheek', 'alar',
  'mouthCorner', 'upperLipPeak', 'upperLipInside', 'lowerLipInside', 'lowerLipBorder',
] as const;
export type SidePoint = (typeof SIDE_POINTS)[number];

/** Points on the facial midline. */
export const MEDIAL_POINTS = ['nasion', 'subnasale', 'philtrum', 'upperLipInside', 'lowerLipInside', 'lowerLipBorder', 'chin'] as const;
export type MedialPoint = (typeof MEDIAL_POINTS)[number];

/** A landmark that does not move with expression, with its place on a mean head (cm; x to the patient's left, y up, z forward). */
export interface StablePoint {
  readonly index: number;
  readonly model: readonly [x: number, y: number, z: number];
}

export interface FacePoints {
  /** `right` and `left` as an unmirrored camera sees the patient: `right` lies on the image's left. */
  readonly sides: Readonly<Record<Side, Readonly<Record<SidePoint, readonly number[] | null>>>>;
  readonly medial: Readonly<Record<MedialPoint, readonly number[]>>;
  readonly stable: readonly StablePoint[];
  /** Ends of the iris' diameters, nose to temple and top to bottom. */
  readonly irises: Readonly<Record<Side, readonly (readonly [number, number])[]>> | null;
  /** Whether the landmarks have a depth of their own; otherwise the mean head's depth stands for it. */
  readonly depth: boolean;
}

/** Landmarks of the points in each topology. */
export function facePoints(topology: Topology): FacePoints {
  switch (topology) {
    case 'mediapipe-478':
      return MESH_WITH_IRISES;
    case 'mediapipe-468':
      return MESH;
    case 'wflw-98':
      return WFLW;
  }
}

// The head's coordinates are those of MediaPipe's canonical face model (Apache-2.0), in cm.
const MESH: FacePoints = {
  sides: {
    right: {
      browInner: [55, 107], browMiddle: [52, 105], browOuter: [46, 53, 63, 70],
      eyeInner: [133], eyeOuter: [33],
      upperLidNasal: [158], upperLidMiddle: [159], upperLidTemporal: [160],
      lowerLidNasal: [153], lowerLidMiddle: [145], lowerLidTemporal: [144],
      cheek: [50, 101, 118], alar: [64, 98, 129],
      mouthCorner: [61], upperLipPeak: [37, 39], upperLipInside: [82], lowerLipInside: [87], lowerLipBorder: [84],
    },
    left: {
      browInner: [285, 336], browMiddle: [282, 334], browOuter: [276, 283, 293, 300],
      eyeInner: [362], eyeOuter: [263],
      upperLidNasal: [385], upperLidMiddle: [386], upperLidTemporal: [387],
      lowerLidNasal: [380], lowerLidMiddle: [374], lowerLidTemporal: [373],
      cheek: [280, 330, 347], alar: [294, 327, 358],
      mouthCorner: [291], upperLipPeak: [267, 269], upperLipInside: [312], lowerLipInside: [317], lowerLipBorder: [314],
    },
  },
  medial: { nasion: [168, 6], subnasale: [2], philtrum: [0], upperLipInside: [13], lowerLipInside: [14], lowerLipBorder: [17], chin: [152] },
  stable: [
    { index: 33, model: [-4.445859, 2.663991, 3.173422] },
    { index: 133, model: [-1.856432, 2.585245, 3.757904] },
    { index: 362, model: [1.856432, 2.585245, 3.757904] },
    { index: 263, model: [4.445859, 2.663991, 3.173422] },
    { index: 168, model: [0, 3.271027, 5.236015] },
    { index: 6, model: [0, 2.473255, 5.788627] },
    { index: 197, model: [0, 1.728369, 6.31675] },
    { index: 195, model: [0, 1.059413, 6.774605] },
    { index: 4, model: [0, -0.46317, 7.58658] },
    { index: 127, model: [-7.743095, 2.364999, -2.005167] },
    { index: 356, model: [7.743095, 2.364999, -2.005167] },
    { index: 162, model: [-7.555811, 4.106811, -0.991917] },
    { index: 389, model: [7.555811, 4.106811, -0.991917] },
    { index: 234, model: [-7.664182, 0.673132, -2.435867] },
    { index: 454, model: [7.664182, 0.673132, -2.435867] },
  ],
  irises: null,
  depth: true,
};

const MESH_WITH_IRISES: FacePoints = {
  ...MESH,
  irises: { right: [[469, 471], [470, 472]], left: [[474, 476], [475, 477]] },
};

const WFLW: FacePoints = {
  sides: {
    right: {
      browInner: [37, 38], browMiddle: [35, 40], browOuter: [33, 34, 41],
      eyeInner: [64], eyeOuter: [60],
      upperLidNasal: [63], upperLidMiddle: [62], upperLidTemporal: [61],
      lowerLidNasal: [65], lowerLidMiddle: [66], lowerLidTemporal: [67],
      cheek: null, alar: [55],
      mouthCorner: [76], upperLipPeak: [77, 78], upperLipInside: [89], lowerLipInside: [95], lowerLipBorder: [86],
    },
    left: {
      browInner: [42, 50], browMiddle: [44, 48], browOuter: [45, 46, 47],
      eyeInner: [68], eyeOuter: [72],
      upperLidNasal: [69], upperLidMiddle: [70], upperLidTemporal: [71],
      lowerLidNasal: [75], lowerLidMiddle: [74], lowerLidTemporal: [73],
      cheek: null, alar: [59],
      mouthCorner: [82], upperLipPeak: [80, 81], upperLipInside: [91], lowerLipInside: [93], lowerLipBorder: [84],
    },
  },
  medial: { nasion: [51], subnasale: [57], philtrum: [79], upperLipInside: [90], lowerLipInside: [94], lowerLipBorder: [85], chin: [16] },
  stable: [
    { index: 60, model: [-4.445859, 2.663991, 3.173422] },
    { index: 64, model: [-1.856432, 2.585245, 3.757904] },
    { index: 68, model: [1.856432, 2.585245, 3.757904] },
    { index: 72, model: [4.445859, 2.663991, 3.173422] },
    { index: 51, model: [0, 3.271027, 5.236015] },
    { index: 52, model: [0, 1.728369, 6.31675] },
    { index: 53, model: [0, 0.365669, 7.24287] },
    { index: 54, model: [0, -1.126865, 7.475604] },
    { index: 0, model: [-7.743095, 2.364999, -2.005167] },
    { index: 32, model: [7.743095, 2.364999, -2.005167] },
  ],
  irises: null,
  depth: false,
};
