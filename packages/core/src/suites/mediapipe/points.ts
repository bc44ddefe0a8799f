/** Lists of landmark numbers, as MediaPipe's graphs have them (Apache-2.0). "Right" and "left" are the patient's. */

/** Outer corners of the eyes: the line between them is level in a region. */
export const RIGHT_EYE_OUTER = 33;
export const LEFT_EYE_OUTER = 263;

/** What the blendshape net looks at, of the 478. */
export const BLENDSHAPE_POINTS: readonly number[] = [
  0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81,
  82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155,
  157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267,
  269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323,
  324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388,
  389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
];

const RIGHT_EYE_CONTOUR = [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173];
const LEFT_EYE_CONTOUR = [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398];

/** An output of the attention mesh that refines some of the landmarks: x and y of each. */
export interface Refinement {
  readonly output: string;
  readonly points: readonly number[];
  /** Landmarks whose mean depth the refined ones get; empty where they keep their own. */
  readonly depthFrom: readonly number[];
}

/**
 * The attention mesh's refinements in the order in which they are laid over the mesh. The net calls sides as the viewer
 * sees them.
 */
export const REFINEMENTS: readonly Refinement[] = [
  {
    output: 'output_lips',
    points: [
      61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 78, 95, 88, 178, 87,
      14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415, 76, 77, 90, 180, 85, 16, 315, 404, 320, 307,
      306, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38,
      12, 268, 271, 272, 407,
    ],
    depthFrom: [],
  },
  {
    output: 'output_left_eye',
    points: [
      ...RIGHT_EYE_CONTOUR,
      130,
      25,
      110,
      24,
      23,
      22,
      26,
      112,
      243,
      247,
      30,
      29,
      27,
      28,
      56,
      190,
      226,
      31,
      228,
      229,
      230,
      231,
      232,
      233,
      244,
      113,
      225,
      224,
      223,
      222,
      221,
      189,
      35,
      124,
      46,
      53,
      52,
      65,
      143,
      111,
      117,
      118,
      119,
      120,
      121,
      128,
      245,
      156,
      70,
      63,
      105,
      66,
      107,
      55,
      193,
    ],
    depthFrom: [],
  },
  {
    output: 'output_right_eye',
    points: [
      ...LEFT_EYE_CONTOUR,
      359,
      255,
      339,
      254,
      253,
      252,
      256,
      341,
      463,
      467,
      260,
      259,
      257,
      258,
      286,
      414,
      446,
      261,
      448,
      449,
      450,
      451,
      452,
      453,
      464,
      342,
      445,
      444,
      443,
      442,
      441,
      413,
      265,
      353,
      276,
      283,
      282,
      295,
      372,
      340,
      346,
      347,
      348,
      349,
      350,
      357,
      465,
      383,
      300,
      293,
      334,
      296,
      336,
      285,
      417,
    ],
    depthFrom: [],
  },
  { output: 'output_left_iris', points: [468, 469, 470, 471, 472], depthFrom: RIGHT_EYE_CONTOUR },
  { output: 'output_right_iris', points: [473, 474, 475, 476, 477], depthFrom: LEFT_EYE_CONTOUR },
];

/** Landmarks of the mesh without the irises, and with them. */
export const MESH_POINTS = 468;
export const ALL_POINTS = 478;
