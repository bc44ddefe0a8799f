import { describe, expect, it } from 'vitest';
import type { CoverageResult } from '../../src/index.js';
import { partitionColours } from '../../src/report/html/colours.js';

/** Only what colours depend on: which partition each node is in. */
function split(sequence: readonly (number | null)[]): CoverageResult {
  const indices = [...new Set(sequence.filter((each) => each !== null))].sort((a, b) => a - b);
  return {
    partitions: indices.map((index) => ({ index })),
    perNode: sequence.map((partition) => ({ partition })),
  } as unknown as CoverageResult;
}

describe('the colours of partitions', () => {
  it.each([
    ['eight apart in the order of the provider', [0, null, 8, 16, 0, 24, 8]],
    ['beside many others', Array.from({ length: 12 }, (_, other) => [0, other + 1]).flat()],
    ['a hundred in a row', Array.from({ length: 100 }, (_, place) => place)],
  ])('differ where they meet: %s', (_, sequence) => {
    const result = split(sequence);
    const colours = partitionColours(result);
    const of = new Map(result.partitions.map(({ index }, place) => [index, colours[place]]));
    const order = sequence.filter((each) => each !== null);
    for (const [place, partition] of order.entries()) {
      const next = order[place + 1];
      if (next !== undefined && next !== partition) expect(of.get(partition)).not.toBe(of.get(next));
    }
  });
});
