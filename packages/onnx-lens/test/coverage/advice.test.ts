import { expect, it } from 'vitest';
import { adviceOf } from '../../src/coverage/impact.js';

const split = {
  title: 'Core ML',
  figures: { nodes: 4, supported: 1, partitions: 1 },
  current: { format: 'mlprogram', fixedShapes: false },
  variants: [],
  topCause: undefined,
  macs: { provider: 0, cpu: 0 },
} as const;

it('gives no advice by the main graph where a subgraph holds most nodes', () => {
  expect(adviceOf({ ...split, innerNodes: 86 })).toMatch(/^Take the subgraphs .* 86 nodes .* only 4\.$/);
  expect(adviceOf({ ...split, innerNodes: 0 })).toContain('1 of 4 nodes');
});
