import type { MedialPoint, SidePoint } from './face-points.js';

type Place = readonly [x: number, y: number, z: number];

/**
 * Where the named points lie on a mean head: the means of their landmarks in MediaPipe's canonical face model
 * (Apache-2.0), in cm, x towards the patient's left, y up, z forward. The left half is the mirror image (x negated).
 */
export const MEAN_HEAD_RIGHT: Readonly<Record<SidePoint, Place>> = {
  browInner: [-1.308, 4.577, 5.211],
  browMiddle: [-3.861, 4.809, 4.508],
  browOuter: [-5.137, 4.31, 3.499],
  eyeInner: [-1.856, 2.585, 3.758],
  eyeOuter: [-4.446, 2.664, 3.173],
  // Between the corners: the canonical model has no irises.
  pupil: [-3.151, 2.625, 3.466],
  upperLidNasal: [-2.724, 2.962, 3.872],
  upperLidMiddle: [-3.177, 2.964, 3.877],
  upperLidTemporal: [-3.67, 2.928, 3.724],
  lowerLidNasal: [-2.724, 2.316, 3.777],
  lowerLidMiddle: [-3.177, 2.294, 3.776],
  lowerLidTemporal: [-3.67, 2.36, 3.635],
  cheek: [-4.175, 0.042, 3.724],
  alar: [-1.595, -1.317, 5.183],
  mouthCorner: [-2.456, -4.343, 4.284],
  upperLipPeak: [-1.072, -3.415, 5.687],
  upperLipInside: [-0.533, -3.993, 5.138],
  lowerLipInside: [-0.583, -4.518, 5.34],
  lowerLipBorder: [-0.7, -5.292, 5.448],
};

/** The same for the points on the midline. */
export const MEAN_HEAD_MEDIAL: Readonly<Record<MedialPoint, Place>> = {
  nasion: [0, 2.872, 5.512],
  subnasale: [0, -2.089, 6.058],
  philtrum: [0, -3.406, 5.98],
  upperLipInside: [0, -3.994, 5.219],
  lowerLipInside: [0, -4.542, 5.405],
  lowerLipBorder: [0, -5.365, 5.535],
  chin: [0, -9.403, 4.264],
};
