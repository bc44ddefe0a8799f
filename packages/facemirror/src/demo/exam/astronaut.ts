import type { Point } from 'facemirror-core/face/observation.js';
import { portraitPicture } from '../portrait.js';
import { relaxedWarp } from '../warp.js';
import { examFaceOf, type ExamPortrait } from './exam-face.js';

/** The part of the portrait that is drawn from, and pixels of a frame for one of it. */
const CUT = { left: 73, top: 0, width: 300, height: 350 };
const SCALE = 2;

/**
 * Landmarks of the 478-point mesh in the relaxed, enlarged cut of assets/astronaut.png, in its pixels: read off by
 * MediaPipe's face landmarker.
 */
const LANDMARKS: ReadonlyMap<number, Point> = new Map([
  [0, { x: 300.7, y: 284 }],
  [7, { x: 248.2, y: 204.6 }],
  [13, { x: 300.6, y: 289 }],
  [14, { x: 299.7, y: 302.1 }],
  [33, { x: 245.5, y: 201.9 }],
  [50, { x: 236.5, y: 242.2 }],
  [61, { x: 265.1, y: 287.2 }],
  [63, { x: 236, y: 175.2 }],
  [66, { x: 264.9, y: 175.2 }],
  [70, { x: 228.4, y: 181 }],
  [78, { x: 268.3, y: 287.8 }],
  [80, { x: 277.5, y: 287.1 }],
  [81, { x: 283.6, y: 287 }],
  [82, { x: 291.2, y: 287.9 }],
  [87, { x: 290.6, y: 300.7 }],
  [88, { x: 277.3, y: 295.7 }],
  [95, { x: 273.2, y: 292.5 }],
  [105, { x: 248.3, y: 172.9 }],
  [107, { x: 284.4, y: 179.3 }],
  [129, { x: 274.1, y: 251.7 }],
  [133, { x: 281.3, y: 207.5 }],
  [144, { x: 255.3, y: 208.2 }],
  [145, { x: 262, y: 209 }],
  [152, { x: 297.2, y: 357.6 }],
  [153, { x: 268.8, y: 208.6 }],
  [154, { x: 275.2, y: 208 }],
  [155, { x: 279.6, y: 207.9 }],
  [157, { x: 273.5, y: 200.5 }],
  [158, { x: 266.6, y: 197 }],
  [159, { x: 259.7, y: 195.9 }],
  [160, { x: 253.2, y: 196.8 }],
  [161, { x: 249.4, y: 198.6 }],
  [163, { x: 251.1, y: 206.5 }],
  [168, { x: 304.6, y: 202.6 }],
  [173, { x: 278.9, y: 204.8 }],
  [178, { x: 283.2, y: 298.7 }],
  [191, { x: 272.4, y: 287.3 }],
  [246, { x: 247.2, y: 200.3 }],
  [249, { x: 360.8, y: 210.2 }],
  [263, { x: 363.7, y: 207.7 }],
  [280, { x: 368.8, y: 249.3 }],
  [291, { x: 336.8, y: 290.2 }],
  [293, { x: 376.4, y: 182.6 }],
  [296, { x: 347.3, y: 179.3 }],
  [300, { x: 383.3, y: 189.3 }],
  [308, { x: 333.8, y: 290.6 }],
  [310, { x: 324.4, y: 289 }],
  [311, { x: 318.3, y: 288.7 }],
  [312, { x: 310.3, y: 288.9 }],
  [317, { x: 309, y: 301.9 }],
  [318, { x: 323.3, y: 297.8 }],
  [324, { x: 328.2, y: 294.9 }],
  [334, { x: 364.2, y: 178.8 }],
  [336, { x: 327.3, y: 181.2 }],
  [358, { x: 330.4, y: 254.6 }],
  [362, { x: 327.3, y: 209.6 }],
  [373, { x: 353, y: 212.9 }],
  [374, { x: 346.4, y: 213.1 }],
  [380, { x: 339.5, y: 212 }],
  [381, { x: 333.4, y: 210.7 }],
  [382, { x: 329.3, y: 210.1 }],
  [384, { x: 335.6, y: 203.1 }],
  [385, { x: 342.9, y: 200.3 }],
  [386, { x: 350.2, y: 200.1 }],
  [387, { x: 356.5, y: 201.7 }],
  [388, { x: 360.3, y: 204.1 }],
  [390, { x: 357.6, y: 211.8 }],
  [398, { x: 330.1, y: 207 }],
  [402, { x: 317, y: 300.3 }],
  [415, { x: 329.5, y: 289.8 }],
  [466, { x: 362.4, y: 206 }],
]);

/** The portrait of the demo clip, for the exam clip. */
export function astronaut(): ExamPortrait {
  return {
    picture: portraitPicture(CUT, SCALE, relaxedWarp()),
    face: examFaceOf((index) => LANDMARKS.get(index) ?? { x: NaN, y: NaN }),
  };
}
