import { expect, test } from 'vitest';
import { blandAltman, icc21, kappaOfPairs, weightedKappa } from '../../src/cohort/agreement.js';

test('ICC(2,1) of the example of Shrout & Fleiss (1979) is 0.29', () => {
  const ratings = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
  ];
  expect(icc21(ratings)).toBeCloseTo(0.29, 2);
});

test('linearly weighted kappa of the couples of Hout et al. (1987) is 0.237', () => {
  const couples = [
    [7, 7, 2, 3],
    [2, 8, 3, 7],
    [1, 5, 4, 9],
    [2, 8, 9, 14],
  ];
  expect(weightedKappa(couples, 'linear')).toBeCloseTo(0.2374, 3);
});

test('kappa of pairs is 1 for equal grades', () => {
  const pairs = [
    [1, 1],
    [2, 2],
    [5, 5],
  ] as const;
  expect(kappaOfPairs(pairs, 'quadratic')).toBe(1);
});

test('limits of agreement of the flow meters of Bland & Altman (1986): -2.1, from -79.7 to 75.5 l/min', () => {
  const wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427];
  const mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451];
  const { bias, deviation, lower, upper } = blandAltman(wright.map((value, i) => [value, mini[i] ?? NaN] as const));
  expect(bias).toBeCloseTo(-2.1, 1);
  expect(deviation).toBeCloseTo(38.8, 1);
  // The paper rounds to two standard deviations.
  expect(bias - 2 * deviation).toBeCloseTo(-79.7, 0);
  expect(bias + 2 * deviation).toBeCloseTo(75.5, 0);
  expect(upper - lower).toBeCloseTo(2 * 1.96 * deviation, 9);
});
