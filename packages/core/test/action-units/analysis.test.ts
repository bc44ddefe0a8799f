import { randomNumbers } from 'onnx-lens/graph';
import { afterEach, expect, test } from 'vitest';
import { ExpressionAnalysis, type ExpressionOptions } from '../../src/action-units/analysis.js';
import { BLENDSHAPES, type Blendshape } from '../../src/action-units/from-blendshapes.js';
import { ACTION_UNIT_COLUMNS, actionUnitTable, measuresTable } from '../../src/action-units/table.js';
import type { ActionUnit, ActionUnitRow, Side } from '../../src/action-units/units.js';
import type { FaceObservation } from '../../src/face/observation.js';
import { recordsInMemory } from './records-in-memory.js';
import { observation, type Expression, type Turn } from './faces.js';

const OPTIONS: ExpressionOptions = { neutral: { kind: 'calmest-second' }, camera: 'normal', iris: false };
const open: ExpressionAnalysis[] = [];
afterEach(() => open.splice(0).forEach((analysis) => analysis.close()));

function analysisOf(
  faces: readonly (FaceObservation | null)[],
  options: Partial<ExpressionOptions> = {},
): ExpressionAnalysis {
  const analysis = new ExpressionAnalysis({ ...OPTIONS, ...options }, () => recordsInMemory());
  open.push(analysis);
  faces.forEach((face, index) => analysis.add(index + 1, index / 30, face));
  return analysis;
}

function rowsOf(
  faces: readonly (FaceObservation | null)[],
  side: Side,
  options: Partial<ExpressionOptions> = {},
): ActionUnitRow[] {
  return [...analysisOf(faces, options).finish().actionUnits(side)];
}

/** Two seconds at rest, then one with the expression. */
function after(expression: Expression, turn: Turn = [0, 0, 0]): FaceObservation[] {
  return Array.from({ length: 90 }, (_, index) => observation(index < 60 ? {} : expression, turn));
}

function withBlendshapes(face: FaceObservation, values: Partial<Record<Blendshape, number>>): FaceObservation {
  return { ...face, blendshapes: Float32Array.from(BLENDSHAPES.map((name) => values[name] ?? 0)) };
}

function runs(rows: readonly ActionUnitRow[], unit: ActionUnit): number {
  return rows.filter((row, index) => row.presence[unit] === 1 && rows[index - 1]?.presence[unit] !== 1).length;
}

test("a movement of one side is that side's alone", () => {
  const faces = after({ smileRight: 1, browLeft: 1, closedRight: 1 });
  const right = rowsOf(faces, 'right')[75]!.intensity;
  const left = rowsOf(faces, 'left')[75]!.intensity;
  expect(right.AU12).toBeGreaterThan(3.5);
  expect(left.AU12).toBeLessThan(0.3);
  expect(left.AU01).toBeGreaterThan(3);
  expect(left.AU02).toBeGreaterThan(3);
  expect(right.AU01).toBeLessThan(0.3);
  expect(right.AU45).toBeGreaterThan(4.5);
  expect(left.AU45).toBe(0);
});

test('a corner of the mouth that sinks is AU15, not AU12', () => {
  const right = rowsOf(after({ frownRight: 1 }), 'right')[75]!.intensity;
  expect(right.AU15).toBeGreaterThan(3);
  expect(right.AU12).toBe(0);
});

test("of a mirrored camera the sides are the patient's all the same", () => {
  const faces = after({ smileRight: 1 });
  expect(rowsOf(faces, 'left', { camera: 'mirrored' })[75]!.intensity.AU12).toBeGreaterThan(3.5);
  expect(rowsOf(faces, 'right', { camera: 'mirrored' })[75]!.intensity.AU12).toBeLessThan(0.3);
});

test("turning the head by 15 degrees is no expression, and changes no expression's strength by more than a fifth of a grade", () => {
  const straight = rowsOf(after({ smileRight: 0.7, browLeft: 0.7 }), 'right')[75]!.intensity;
  for (const turn of [
    [15, 0, 0],
    [-15, 0, 0],
    [0, 12, 0],
    [0, 0, 20],
  ] as const) {
    const faces = after({ smileRight: 0.7, browLeft: 0.7 });
    const turnedFaces = faces.map((face, index) =>
      index < 60 ? face : observation({ smileRight: 0.7, browLeft: 0.7 }, turn),
    );
    const right = rowsOf(turnedFaces, 'right')[75]!.intensity;
    for (const unit of ['AU01', 'AU02', 'AU12', 'AU20', 'AU26', 'AU45'] as const) {
      expect(Math.abs(right[unit]! - straight[unit]!), `${unit} at ${turn.join(' ')}`).toBeLessThan(0.2);
    }
  }
});

test('a frame without a face has success 0 and no values, and those of the others are unharmed', () => {
  const faces = after({ smileRight: 1 }).map((face, index) => (index >= 20 && index < 30 ? null : face));
  const rows = rowsOf(faces, 'right');
  expect(rows).toHaveLength(90);
  expect(rows[25]).toMatchObject({ frame: 26, success: false, confidence: 0 });
  expect(Object.values(rows[25]!.intensity).every((value) => value === null)).toBe(true);
  expect(rows[75]!.intensity.AU12).toBeGreaterThan(3.5);
});

test('landmark jitter makes no events, and blinks and brow raises in it are all found', () => {
  const random = randomNumbers(7);
  const noise = (): number => (random() - 0.5) * 1.6;
  const blinks = [70, 130, 200];
  const raises = [95, 160, 230];
  const faces = Array.from({ length: 270 }, (_, index) => {
    const closed = blinks.some((start) => index >= start && index < start + 6) ? 1 : 0;
    const raised = raises.some((start) => index >= start && index < start + 18) ? 0.8 : 0;
    return observation(
      { closedLeft: closed, closedRight: closed, browLeft: raised, browRight: raised },
      [4 * Math.sin(index / 40), 0, 3 * Math.sin(index / 25)],
      noise,
    );
  });
  for (const side of ['left', 'right'] as const) {
    const rows = rowsOf(faces, side);
    expect(runs(rows, 'AU45')).toBe(3);
    expect(runs(rows, 'AU01')).toBe(3);
    expect(runs(rows, 'AU02')).toBe(3);
    expect(runs(rows, 'AU12')).toBe(0);
  }
});

test('the neutral face is the one in the stretch that the user gives', () => {
  const faces = after({ smileRight: 1 });
  const rows = rowsOf(faces, 'right', { neutral: { kind: 'window', start: 2.2, end: 2.8 } });
  expect(rows[75]!.intensity.AU12).toBe(0);
  expect(rows[30]!.intensity.AU15).toBeGreaterThan(1);
});

test('a stretch without a face falls back to the calmest second and says so', () => {
  const result = analysisOf(after({ smileRight: 1 }), { neutral: { kind: 'window', start: 60, end: 62 } }).finish();
  expect(result.warnings.join(' ')).toContain('`neutral`');
  expect([...result.actionUnits('right')][75]!.intensity.AU12).toBeGreaterThan(3.5);
});

test('the calmest second is not a smile that is held still, nor closed eyes', () => {
  const random = randomNumbers(3);
  const noise = (): number => (random() - 0.5) * 0.8;
  const faces = Array.from({ length: 240 }, (_, index) => {
    if (index < 100) return observation({ smileLeft: 1, smileRight: 1 });
    if (index < 150) return observation({ closedLeft: 1, closedRight: 1 });
    return observation({}, [0, 0, 0], noise);
  });
  const { description } = analysisOf(faces).finish();
  expect((description.neutral as { startSeconds: number }).startSeconds).toBeGreaterThanOrEqual(5);
});

test('blendshapes give the units where the suite has them, each on its own side', () => {
  const faces = Array.from({ length: 90 }, (_, index) =>
    withBlendshapes(
      observation(),
      index < 60 ? { mouthSmileRight: 0.1 } : { mouthSmileRight: 0.8, eyeBlinkLeft: 0.7, jawOpen: 0.4 },
    ),
  );
  const right = rowsOf(faces, 'right')[75]!.intensity;
  const left = rowsOf(faces, 'left')[75]!.intensity;
  expect(right.AU12).toBeCloseTo((5 * 0.7) / 0.9, 4);
  expect(left.AU12).toBe(0);
  expect(left.AU45).toBeCloseTo(5, 4);
  expect(right.AU45).toBe(0);
  expect([left.AU26, right.AU26]).toEqual([expect.closeTo(2, 4), expect.closeTo(2, 4)]);
  expect(right.AU23).toBeNull();
});

test('what a blink does to eyeSquint and a smile to mouthUpperUp is no unit of its own, and what they do without is', () => {
  const at = (values: Partial<Record<Blendshape, number>>): ActionUnitRow['intensity'] =>
    rowsOf(
      Array.from({ length: 90 }, (_, index) => withBlendshapes(observation(), index < 60 ? {} : values)),
      'right',
    )[75]!.intensity;
  expect(at({ eyeBlinkRight: 0.6, eyeSquintRight: 0.6 }).AU07).toBeLessThan(0.5);
  expect(at({ eyeSquintRight: 0.6 }).AU07).toBeCloseTo(3, 4);
  expect(at({ mouthSmileRight: 0.87, mouthUpperUpRight: 0.75 }).AU10).toBeLessThan(0.5);
  expect(at({ mouthUpperUpRight: 0.6 }).AU10).toBeCloseTo(3, 4);
});

test('corners of the eyes that a blink draws apart do not stretch the rest of the face', () => {
  const faces = after({ closedRight: 1, closedLeft: 1 });
  for (const { landmarks } of faces.slice(60)) {
    for (const [outer, away] of [
      [33, -2],
      [263, 2],
    ] as const)
      landmarks.points[outer * 3]! += away;
  }
  for (const side of ['left', 'right'] as const) {
    const present = Object.entries(rowsOf(faces, side)[75]!.presence).filter(([, value]) => value === 1);
    expect(present.map(([unit]) => unit)).toEqual(['AU45']);
  }
});

test('the one blendshape of both medial brows goes to the side whose brow rises', () => {
  const faces = Array.from({ length: 90 }, (_, index) =>
    index < 60
      ? withBlendshapes(observation(), {})
      : withBlendshapes(observation({ browLeft: 0.8, browRight: 0.2 }), { browInnerUp: 0.6 }),
  );
  const left = rowsOf(faces, 'left')[75]!.intensity.AU01!;
  const right = rowsOf(faces, 'right')[75]!.intensity.AU01!;
  expect(left).toBeCloseTo(3, 4);
  expect(right / left).toBeCloseTo(0.25, 1);
});

test('a table has the columns of OpenFace, empty cells for missing values, and the same bytes when made again', () => {
  const analysis = analysisOf([...after({ smileRight: 1 }), null]);
  const text = [...actionUnitTable(analysis.finish().actionUnits('right'))].join('');
  expect([...actionUnitTable(analysis.finish().actionUnits('right'))].join('')).toBe(text);
  const [header, first, ...rest] = text.trimEnd().split('\n');
  expect(header).toBe(
    'frame,face_id,timestamp,confidence,success,' +
      'AU01_r,AU02_r,AU04_r,AU05_r,AU06_r,AU07_r,AU09_r,AU10_r,AU12_r,AU14_r,AU15_r,AU16_r,AU17_r,AU20_r,AU23_r,AU25_r,AU26_r,AU45_r,' +
      'AU01_c,AU02_c,AU04_c,AU05_c,AU06_c,AU07_c,AU09_c,AU10_c,AU12_c,AU14_c,AU15_c,AU16_c,AU17_c,AU20_c,AU23_c,AU25_c,AU26_c,AU45_c',
  );
  const cells = first!.split(',');
  expect(cells).toHaveLength(ACTION_UNIT_COLUMNS.length);
  expect(cells.slice(0, 6)).toEqual(['1', '0', '0.000', '0.90', '1', '0.00']);
  expect(cells[ACTION_UNIT_COLUMNS.indexOf('AU23_r')]).toBe('');
  expect(cells[ACTION_UNIT_COLUMNS.indexOf('AU23_c')]).toBe('');
  expect(rest.at(-1)).toBe(`91,0,3.000,0.00,0${','.repeat(36)}`);
});

test('with the iris as a ruler measures are in mm: the eyes of this sitter lie a human distance apart', () => {
  const result = analysisOf(after({ smileRight: 1 }), { iris: true }).finish();
  expect(result.measureColumns).toContain('commissure_excursion_right_mm');
  const { interOcularMillimetres } = result.description.measures as { interOcularMillimetres: number };
  // The distance between the middles of the eyes is 62 mm in adults, give or take 4 (Dodgson 2004).
  expect(interOcularMillimetres).toBeGreaterThan(54);
  expect(interOcularMillimetres).toBeLessThan(70);
  const rows = [...result.measures()];
  const [before, smiling] = [rows[30]!.values, rows[75]!.values];
  expect(smiling.commissure_excursion_right_mm! - before.commissure_excursion_right_mm!).toBeGreaterThan(5);
  expect(smiling.commissure_excursion_left_right_ratio!).toBeLessThan(
    before.commissure_excursion_left_right_ratio! - 0.15,
  );
  expect(smiling.smile_angle_right_deg!).toBeGreaterThan(before.smile_angle_right_deg! + 1);
  expect(smiling.philtrum_deviation_left_mm).toBe(-smiling.philtrum_deviation_right_mm!);
});

test('without irises the measures are in inter-ocular distances, and a wish for mm is answered', () => {
  const faces = after({}).map((face) => ({
    ...face,
    landmarks: { topology: 'mediapipe-468' as const, points: face.landmarks.points.slice(0, 468 * 3) },
  }));
  const result = analysisOf(faces, { iris: true }).finish();
  expect(result.warnings.join(' ')).toContain('`iris`');
  const lines = [...measuresTable(result.measureColumns, result.measures())];
  expect(lines[0]).toContain(
    'palpebral_fissure_left_iod,palpebral_fissure_right_iod,palpebral_fissure_left_right_ratio',
  );
  expect(lines).toHaveLength(91);
});

test('landmarks that are no face give an empty row, not numbers', () => {
  const broken = {
    ...observation(),
    landmarks: { topology: 'mediapipe-478' as const, points: new Float32Array(478 * 3).fill(NaN) },
  };
  const rows = rowsOf([...after({}), broken], 'left');
  expect(rows.at(-1)).toMatchObject({ success: false, confidence: 0 });
});

test('a video without any face has rows all the same', () => {
  const result = analysisOf([null, null, null]).finish();
  expect([...result.actionUnits('left')].map((row) => row.success)).toEqual([false, false, false]);
  expect([...result.measures()]).toHaveLength(3);
});
