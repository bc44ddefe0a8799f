import { expect, test } from 'vitest';
import { faceFeatures, mirroredFeatures } from '../../src/action-units/features.js';
import { observation, type Expression } from './faces.js';

/** The patient's left half lies on the picture's right. */
function measured(whole: Expression, right: Expression, left: Expression): ReturnType<typeof mirroredFeatures> {
  return mirroredFeatures(
    { whole: observation(whole), mirrored: { left: observation(right), right: observation(left) } },
    'normal',
  );
}

test('a side is measured on its own mirrored face, whatever the whole face and the other half seem to do', () => {
  const rest = measured({}, {}, {});
  const smile = measured({ smileRight: 0.5, smileLeft: 0.5 }, { smileRight: 1 }, {});
  if (rest === null || smile === null) throw new Error('a face must be measured');
  for (const name of ['cornerDistance', 'cornerHeight', 'browMiddleHeight', 'lowerLipHeight'] as const)
    expect(smile.left[name]).toBeCloseTo(rest.left[name], 6);
  // The movement is 0.15 of the eyes' distance out and up.
  expect(smile.right.cornerDistance - rest.right.cornerDistance).toBeCloseTo(0.15, 1);
  expect(smile.right.cornerHeight - rest.right.cornerHeight).toBeCloseTo(0.15, 1);
});

test('the two halves of one face, seen as it is, measure as the whole face does, but for the depths', () => {
  const face = observation();
  const whole = faceFeatures(face.landmarks, 'normal');
  const mirrored = mirroredFeatures({ whole: face, mirrored: { left: face, right: face } }, 'normal');
  for (const side of ['left', 'right'] as const)
    for (const name of ['cornerDistance', 'cornerHeight', 'palpebralFissure', 'browMiddleHeight'] as const)
      expect(Math.abs((mirrored?.[side][name] ?? NaN) - (whole?.[side][name] ?? NaN))).toBeLessThan(0.08);
});

test('a half in which no face is seen has no values, and the other half keeps its own', () => {
  const face = observation();
  const features = mirroredFeatures({ whole: face, mirrored: { left: null, right: face } }, 'normal');
  expect(features?.right.cornerHeight).toBeNaN();
  expect(features?.left.cornerHeight).toBeTypeOf('number');
  expect(features?.left.cornerHeight).not.toBeNaN();
});
