import type { Topology } from '../face/observation.js';
import type { Side } from './units.js';

/** Points of one half of the face, by the names that the formulas use. Each is the mean of its landmarks. */
export const SIDE_POINTS = [
  'browInner',
  'browMiddle',
  'browOuter',
  'eyeInner',
  'eyeOuter',
  'pupil',
  'upperLidNasal',
  'upperLidMiddle',
  'upperLidTemporal',
  'lowerLidNasal',
  'lowerLidMiddle',
  'lowerLidTemporal',
  'cheek',
  'alar',
  'mouthCorner',
  'upperLipPeak',
  'upperLipInside',
  'lowerLipInside',
  'lowerLipBorder',
] as const;
export type SidePoint = (typeof SIDE_POINTS)[number];

/** Points on the facial midline. */
export const MEDIAL_POINTS = [
  'nasion',
  'subnasale',
  'philtrum',
  'upperLipInside',
  'lowerLipInside',
  'lowerLipBorder',
  'chin',
] as const;
export type MedialPoint = (typeof MEDIAL_POINTS)[number];

export interface FacePoints {
  /** `right` and `left` as an unmirrored camera sees the patient: `right` lies on the image's left. */
  readonly sides: Readonly<Record<Side, Readonly<Record<SidePoint, readonly number[] | null>>>>;
  readonly medial: Readonly<Record<MedialPoint, readonly number[]>>;
  /** Ends of the iris' diameters, nose to temple and top to bottom. */
  readonly irises: Readonly<Record<Side, readonly (readonly [number, number])[]>> | null;
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

const MESH: FacePoints = {
  sides: {
    right: {
      browInner: [55, 107],
      browMiddle: [52, 105],
      browOuter: [46, 53, 63, 70],
      eyeInner: [133],
      eyeOuter: [33],
      pupil: null,
      upperLidNasal: [158],
      upperLidMiddle: [159],
      upperLidTemporal: [160],
      lowerLidNasal: [153],
      lowerLidMiddle: [145],
      lowerLidTemporal: [144],
      cheek: [50, 101, 118],
      alar: [64, 98, 129],
      mouthCorner: [61],
      upperLipPeak: [37, 39],
      upperLipInside: [82],
      lowerLipInside: [87],
      lowerLipBorder: [84],
    },
    left: {
      browInner: [285, 336],
      browMiddle: [282, 334],
      browOuter: [276, 283, 293, 300],
      eyeInner: [362],
      eyeOuter: [263],
      pupil: null,
      upperLidNasal: [385],
      upperLidMiddle: [386],
      upperLidTemporal: [387],
      lowerLidNasal: [380],
      lowerLidMiddle: [374],
      lowerLidTemporal: [373],
      cheek: [280, 330, 347],
      alar: [294, 327, 358],
      mouthCorner: [291],
      upperLipPeak: [267, 269],
      upperLipInside: [312],
      lowerLipInside: [317],
      lowerLipBorder: [314],
    },
  },
  medial: {
    nasion: [168, 6],
    subnasale: [2],
    philtrum: [0],
    upperLipInside: [13],
    lowerLipInside: [14],
    lowerLipBorder: [17],
    chin: [152],
  },
  irises: null,
};

const MESH_WITH_IRISES: FacePoints = {
  ...MESH,
  sides: {
    right: { ...MESH.sides.right, pupil: [468] },
    left: { ...MESH.sides.left, pupil: [473] },
  },
  irises: {
    right: [
      [469, 471],
      [470, 472],
    ],
    left: [
      [474, 476],
      [475, 477],
    ],
  },
};

const WFLW: FacePoints = {
  sides: {
    right: {
      browInner: [37, 38],
      browMiddle: [35, 40],
      browOuter: [33, 34, 41],
      eyeInner: [64],
      eyeOuter: [60],
      pupil: [96],
      upperLidNasal: [63],
      upperLidMiddle: [62],
      upperLidTemporal: [61],
      lowerLidNasal: [65],
      lowerLidMiddle: [66],
      lowerLidTemporal: [67],
      cheek: null,
      alar: [55],
      mouthCorner: [76],
      upperLipPeak: [77, 78],
      upperLipInside: [89],
      lowerLipInside: [95],
      lowerLipBorder: [86],
    },
    left: {
      browInner: [42, 50],
      browMiddle: [44, 48],
      browOuter: [45, 46, 47],
      eyeInner: [68],
      eyeOuter: [72],
      pupil: [97],
      upperLidNasal: [69],
      upperLidMiddle: [70],
      upperLidTemporal: [71],
      lowerLidNasal: [75],
      lowerLidMiddle: [74],
      lowerLidTemporal: [73],
      cheek: null,
      alar: [59],
      mouthCorner: [82],
      upperLipPeak: [80, 81],
      upperLipInside: [91],
      lowerLipInside: [93],
      lowerLipBorder: [84],
    },
  },
  medial: {
    nasion: [51],
    subnasale: [57],
    philtrum: [79],
    upperLipInside: [90],
    lowerLipInside: [94],
    lowerLipBorder: [85],
    chin: [16],
  },
  irises: null,
};
