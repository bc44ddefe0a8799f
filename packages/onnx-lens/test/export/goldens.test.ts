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
import { functionsOf, restoreAs } from '../../src/export/coreml/prove.js';
import { GOLDEN_CASES, goldenModel, wave } from './golden-cases.js';

/**
 * What an independent evaluator (NumPy, on coremltools' own parser) computed from these packages. To make it anew, run
 * this test with GOLDEN_OUT=folder, evaluate the packages there on `wave`, and put the outputs into goldens.json by
 * name.
 */
const goldens = JSON.parse(readFileSync(new URL('goldens.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, readonly number[]>
>;
const out = process.env['GOLDEN_OUT'];

describe('packages against an independent evaluator of Core ML programs', () => {
  it.each(Object.entries(GOLDEN_CASES))('%s', async (name, golden) => {
    const model = goldenModel(golden);
    const { encoded } = await exportCoreMl(model, { asIs: true, samples: 1 });
    const x = wave(golden.shape.reduce((a, b) => a * b, 1));
    if (out !== undefined) {
      mkdirSync(out, { recursive: true });
      writePackage(join(out, `${name}.mlpackage`), encoded, true);
      writeFileSync(join(out, `${name}.json`), JSON.stringify({ shape: golden.shape, x: [...x] }));
      return;
    }
    const [read] = functionsOf(encoded);
    if (read === undefined) throw new Error('the package holds no function');
    const restored = serializeModel(restoreAs(model, encoded, read));
    const y = await withSession(restored, {}, (session) => session.run(new Map([['x', floatTensor(golden.shape, x)]])));
    const values = y.get('y');
    const numbers = values === undefined ? [] : tensorNumbers(values);
    const expected = goldens[name] ?? [];
    expect(numbers).toHaveLength(expected.length);
    const worst = Math.max(...numbers.map((number, at) => Math.abs(number - (expected[at] ?? NaN))));
    expect(worst).toBeLessThan(2e-6);
  });
});
