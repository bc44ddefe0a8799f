import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  exportCoreMl,
  floatTensor,
  serializeModel,
  tensorNumbers,
  withSession,
  writePackage,
} from '../../src/index.js';
import { functionsOf, restoreAs, restoreRounding } from '../../src/export/coreml/prove.js';
import { GOLDEN_CASES, goldenModel, HALF_CASES, wave, type GoldenCase } from './golden-cases.js';

/**
 * What an independent evaluator (NumPy, on coremltools' own parser) computed from these packages. To make it anew, run
 * this test with GOLDEN_OUT=folder, evaluate the packages there on `wave`, and put the outputs into goldens.json by
 * name.
 */
const goldens = JSON.parse(readFileSync(new URL('goldens.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, readonly number[]>
>;
const out = process.env['GOLDEN_OUT'];

/** What the package computes on `wave`, read back; nothing where the packages are only to be written. */
async function evaluated(name: string, golden: GoldenCase, half: boolean): Promise<number[] | undefined> {
  const model = goldenModel(golden);
  const { encoded } = await exportCoreMl(model, { asIs: true, samples: 1, half });
  const x = wave(golden.shape.reduce((a, b) => a * b, 1));
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    const file = join(out, half ? `half - ${name}` : name);
    writePackage(`${file}.mlpackage`, encoded, true);
    writeFileSync(`${file}.json`, JSON.stringify({ shape: golden.shape, x: [...x] }));
    return undefined;
  }
  const [read] = functionsOf(encoded);
  if (read === undefined) throw new Error('the package holds no function');
  const restored = serializeModel((half ? restoreRounding : restoreAs)(model, encoded, read));
  const y = await withSession(restored, {}, (session) => session.run(new Map([['x', floatTensor(golden.shape, x)]])));
  const values = y.get('y');
  return values === undefined ? [] : tensorNumbers(values);
}

function expectWithin(numbers: readonly number[] | undefined, expected: readonly number[], tolerance: number): void {
  if (numbers === undefined) return;
  expect(numbers).toHaveLength(expected.length);
  const worst = Math.max(...numbers.map((number, at) => Math.abs(number - (expected[at] ?? NaN))));
  expect(worst).toBeLessThan(tolerance);
}

describe('packages against an independent evaluator of Core ML programs', () => {
  it.each(Object.entries(GOLDEN_CASES))('%s', async (name, golden) => {
    expectWithin(await evaluated(name, golden, false), goldens[name] ?? [], 2e-6);
  });

  // A half near 1 is rounded by up to 5e-4; sums of several operations by a few times that.
  it.each(HALF_CASES)('in half floats: %s', async (name) => {
    const golden = GOLDEN_CASES[name];
    if (golden === undefined) throw new Error(`there is no case ${name}`);
    expectWithin(await evaluated(name, golden, true), goldens[`half - ${name}`] ?? [], 2e-3);
  });
});
