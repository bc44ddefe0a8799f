import { expect, test } from 'vitest';
import { faceFeatures, inInterOculars, type FaceFeatures } from '../../src/action-units/features.js';
import { NO_SIGNALS, type FrameRecord } from '../../src/action-units/frame-record.js';
import { MEASURES, isSided, measureColumn, measureColumns, measuresRow } from '../../src/action-units/measures.js';

// A face that is drawn on paper, 10 pixels a centimetre, x right and y up from between the eyes, the patient's left on
// the right. Points that tell the head's pose are where the mean head has them, so that it looks straight ahead.
const POSE: Readonly<Record<number, readonly [number, number]>> = {
  60: [-44.45859, 26.63991],
  64: [-18.56432, 25.85245],
  68: [18.56432, 25.85245],
  72: [44.45859, 26.63991],
  51: [0, 32.71027],
  52: [0, 17.28369],
  53: [0, 3.65669],
  54: [0, -11.26854],
  0: [-77.43095, 23.64999],
  32: [77.43095, 23.64999],
};
/** Between the middles of the drawn eyes. */
const IOD = 63.0229;

const DRAWN: Readonly<Record<number, readonly [number, number]>> = {
  ...POSE,
  // Left eye: pupil in the middle, lids 5 above and 4 below it; the others make a hexagon-like outline.
  97: [31.5, 26],
  69: [25, 30],
  70: [31.5, 31],
  71: [38, 30],
  75: [25, 23],
  74: [31.5, 22],
  73: [38, 23],
  // Right eye: pupil covered by a lid that hangs 1 below its centre.
  96: [-31.5, 26],
  63: [-25, 25],
  62: [-31.5, 25],
  61: [-38, 25],
  65: [-25, 23],
  66: [-31.5, 22],
  67: [-38, 23],
  // Mouth: left corner 30 out and 40 down, right corner 24 out and 44 down; inner lips 6 apart in the middle, 4 beside
  // it.
  82: [30, -40],
  76: [-24, -44],
  90: [0, -37],
  94: [0, -43],
  91: [10, -38],
  93: [10, -42],
  89: [-10, -38],
  95: [-10, -42],
};

function drawn(turn: (x: number, y: number) => readonly [number, number]): FaceFeatures {
  const points = new Float32Array(98 * 3);
  for (let i = 0; i < 98; i++) {
    const [x, y] = DRAWN[i] ?? [0, -60];
    points.set([...turn(x, -y), 0], 3 * i);
  }
  const features = faceFeatures({ topology: 'wflw-98', points }, 'normal');
  if (features === null) throw new Error('no face');
  return inInterOculars(features, features.interOcular);
}

function rowOf(features: FaceFeatures, neutral: FaceFeatures): Readonly<Record<string, number | null>> {
  const face = { features, activations: null, network: null };
  const record: FrameRecord = { frame: 1, timestamp: 0, confidence: 1, signals: NO_SIGNALS, face };
  return measuresRow(record, neutral, 'iod', 1).values;
}

const plain = drawn((x, y) => [x + 320, y + 240]);

test('measures of a drawn face are what a ruler gives', () => {
  const row = rowOf(plain, plain);
  const expectLength = (column: string, pixels: number): void => {
    expect(Math.abs(row[column]! * IOD - pixels), column).toBeLessThan(0.02);
  };
  expectLength('mrd1_left_iod', 5);
  expectLength('mrd2_left_iod', 4);
  expectLength('mrd1_right_iod', -1);
  expectLength('commissure_lateral_left_iod', 30);
  expectLength('commissure_lateral_right_iod', 24);
  expectLength('commissure_height_difference_iod', 4);
  expectLength('canthus_commissure_left_iod', Math.hypot(30 - 18.56432, 40 + 25.85245));
  expectLength('fai_iod', Math.abs(Math.hypot(30 - 18.56432, 65.85245) - Math.hypot(24 - 18.56432, 69.85245)));
  expect(row.commissure_travel_left_iod).toBe(0);
  // Left half of the inner lips: trapezium of (6 + 4) / 2 * 10, then a triangle of 4 * 20 / 2.
  expect(row.dental_show_left_iod2! * IOD ** 2).toBeCloseTo(90, 1);
  // Right half: the same trapezium, and a triangle of 4 * 14 / 2.
  expect(row.dental_show_right_iod2! * IOD ** 2).toBeCloseTo(78, 1);
  // Left eye, by the trapezia between its points' abscissae.
  const widths = [25 - 18.56432, 6.5, 6.5, 44.45859 - 38];
  const heights = [0, 7, 9, 7, 0];
  const area = widths.reduce((sum, width, i) => sum + (width * (heights[i]! + heights[i + 1]!)) / 2, 0);
  expect(row.eye_area_left_iod2! * IOD ** 2).toBeCloseTo(area, 1);
});

test('travel is measured from the own rest', () => {
  const moved: FaceFeatures = {
    ...plain,
    left: {
      ...plain.left,
      cornerHeight: plain.left.cornerHeight + 0.03,
      cornerDistance: plain.left.cornerDistance + 0.04,
      browMiddleHeight: plain.left.browMiddleHeight - 0.02,
    },
  };
  const row = rowOf(moved, plain);
  expect(row.commissure_travel_left_iod).toBeCloseTo(0.05, 6);
  expect(row.brow_travel_left_iod).toBeCloseTo(0.02, 6);
  expect(row.commissure_travel_right_iod).toBe(0);
});

test('measures do not change when the picture is rolled, scaled or moved', () => {
  const angle = (23 * Math.PI) / 180;
  const [cos, sin] = [1.7 * Math.cos(angle), 1.7 * Math.sin(angle)];
  const turned = drawn((x, y) => [cos * x - sin * y + 500, sin * x + cos * y + 400]);
  const [here, there] = [rowOf(plain, plain), rowOf(turned, turned)];
  for (const [column, value] of Object.entries(here))
    if (value !== null) expect(Math.abs(there[column]! - value), column).toBeLessThan(0.002);
});

test('every measure has a version, a meaning and columns of its own', () => {
  const columns = measureColumns('mm');
  expect(new Set(columns).size).toBe(columns.length);
  for (const measure of MEASURES) {
    expect(measure.version).toBeGreaterThan(0);
    expect(measure.meaning).not.toBe('');
    if (isSided(measure)) expect(columns).toContain(measureColumn(measure, 'left', 'mm'));
  }
  expect(columns).toContain('head_yaw_deg');
});
