import { describe, expect, it } from 'vitest';
import type { RunRequest } from '../../src/inference/request.js';
import { RunPatience } from '../../src/inference/run-patience.js';

function run(model: string, batch: number): RunRequest {
  return { model, inputs: { x: { kind: 'values', dims: [batch, 3], data: new Float32Array(3 * batch) } } };
}

function after(times: readonly number[]): RunPatience {
  const patience = new RunPatience();
  for (const ms of times) patience.took(run('star', 2), ms);
  return patience;
}

describe('the patience with a run', () => {
  it('is three minutes as long as little is known of such runs', () => {
    expect(after([5, 5]).limitFor(run('star', 2))).toBe(180_000);
    expect(after([5, 5, 5]).limitFor(run('star', 4))).toBe(180_000);
    expect(after([5, 5, 5]).limitFor(run('mtl', 2))).toBe(180_000);
  });

  it('then follows the slowest that was seen, within half a minute and three minutes', () => {
    expect(after([5, 900, 5]).limitFor(run('star', 2))).toBe(30_000);
    expect(after([5, 2000, 5]).limitFor(run('star', 2))).toBe(60_000);
    expect(after([20_000, 900, 900]).limitFor(run('star', 2))).toBe(180_000);
  });
});
