import { describe, expect, it } from 'vitest';
import { estimateSessionBytes, planBudget, planWorkers, type BudgetInput } from '../../src/inference/budget.js';

const machine: BudgetInput = {
  requested: 'auto',
  cores: 8,
  availableBytes: 8e9,
  workerBytes: 200e6,
  sharedBytes: 0,
  baseBytes: 400e6,
  usefulWorkers: 16,
  usefulThreads: 4,
  inferenceShare: 0.75,
};

describe('the number of workers', () => {
  it("follows the networks' share of the work when it is left to the program", () => {
    expect(planBudget(machine).workers).toBe(6);
    expect(planBudget({ ...machine, inferenceShare: 0.2 }).workers).toBe(2);
    expect(planBudget({ ...machine, usefulWorkers: 1 }).workers).toBe(1);
  });

  it('is what the user asked for, where memory allows', () => {
    expect(planBudget({ ...machine, requested: 4 })).toMatchObject({ workers: 4, workersBytes: 800e6, notice: null });
  });

  it('leaves the cores that no worker is for to threads inside a run, as far as they help', () => {
    expect(planBudget(machine).threadsPerRun).toBe(1);
    expect(planBudget({ ...machine, requested: 2 }).threadsPerRun).toBe(3);
    expect(planBudget({ ...machine, requested: 1 }).threadsPerRun).toBe(4);
    expect(planBudget({ ...machine, requested: 1, usefulThreads: 1 }).threadsPerRun).toBe(1);
  });

  it('is less on a machine with too little memory, with a sentence', () => {
    const budget = planBudget({ ...machine, requested: 6, availableBytes: 1e9 });
    expect(budget.workers).toBe(3);
    expect(budget.notice).toMatch(/holds 3 of the 6 workers/);
  });

  it('is said why', () => {
    expect(planBudget(machine).reason).toBe(
      '6 workers by itself, 1 thread for each: the networks take about 75.0 % of the work on a frame, of 8 cores thus 6.0; the memory that was left (8,000 MB) holds 38 of 200 MB each.',
    );
    expect(planBudget({ ...machine, usefulWorkers: 2 }).reason).toMatch(
      /^2 workers by itself, .* but more than 2 find nothing to do;/,
    );
    expect(planBudget({ ...machine, requested: 4 }).reason).toBe('4 workers as asked, 2 threads for each.');
    // Too little memory is told the user also where the number was left to the program.
    const short = planBudget({ ...machine, availableBytes: 1e9 });
    expect(short.notice).toMatch(/holds 3 of the 6 workers/);
    expect(short.reason).toBe(short.notice);
  });

  it('is never less than one', () => {
    expect(planBudget({ ...machine, availableBytes: 1e6 }).workers).toBe(1);
  });
});

describe('the memory of a worker', () => {
  it('is predicted from the sizes of its models, less where their weights are mapped from compiled files', () => {
    const plain = estimateSessionBytes([{ bytes: 100e6, isCompiled: false }]);
    const compiled = estimateSessionBytes([{ bytes: 100e6, isCompiled: true }]);
    // Measured for a network of 101 MB: 163 to 169 MB as it is, 139 to 151 MB compiled.
    expect(plain).toBeGreaterThan(165e6);
    expect(compiled).toBeGreaterThan(140e6);
    expect(compiled).toBeLessThan(plain);
  });

  it('decides on this machine, too: networks far beyond its memory get one worker and a sentence', () => {
    const models = [{ name: 'small', model: new Uint8Array(1000) }];
    const work = { isolation: 'thread', usefulWorkers: 2, usefulThreads: 1, inferenceShare: 1 } as const;
    expect(planWorkers(models, { ...work, requested: 1 })).toMatchObject({ workers: 1, notice: null });
    const crowd = planWorkers(models, { ...work, requested: 1e9 });
    expect(crowd.workers).toBeLessThan(1e9);
    expect(crowd.notice).toMatch(/of the 1000000000 workers/);
  });
});
