import { expect, it } from 'vitest';
import { adviceOf } from '../../src/coverage/impact.js';
import type { InnerFigures } from '../../src/coverage/subgraphs.js';

const split = {
  title: 'Core ML',
  figures: { nodes: 4, supported: 1, partitions: 1 },
  current: { format: 'mlprogram', fixedShapes: false },
  variants: [],
  topCause: undefined,
  macs: { provider: 0, cpu: 0 },
} as const;

const none: InnerFigures = {
  nodes: 0,
  supported: 0,
  partitions: 0,
  visits: 'option',
  visited: false,
  largest: undefined,
};

it('gives no advice by the main graph where a subgraph holds most nodes', () => {
  const inner = { ...none, nodes: 86, supported: 80, partitions: 2 };
  expect(adviceOf({ ...split, inner })).toMatch(
    /^Set EnableOnSubgraphs .* 86 of 90 nodes .* 80 of them in 2 partitions/,
  );
  expect(adviceOf({ ...split, inner: { ...inner, visited: true } })).toMatch(
    /^Measure it on the device: 86 of 90 nodes/,
  );
  expect(adviceOf({ ...split, inner: { ...none, nodes: 86 } })).toMatch(/^Keep this model on the CPU: .* none of them/);
  expect(adviceOf({ ...split, inner: none })).toContain('1 of 4 nodes');
});

it('names weights among the inputs as the cause before anything else', () => {
  expect(adviceOf({ ...split, inner: none, listedWeights: 62 })).toMatch(
    /^Take 62 weights off the graph's list of inputs first, as onnx-lens optimize does/,
  );
});
