import { expect, it } from 'vitest';
import { DataType, GraphBuilder, analyseCoverage } from '../../src/index.js';
import { coverageText } from '../../src/report/terminal.js';

it('fits a model of many partitions into two screens, and writes all when asked to', async () => {
  const graph = new GraphBuilder('split');
  let value = graph.input('x', DataType.FLOAT, [1, 4]);
  for (let place = 0; place < 60; place++) value = graph.node(place % 2 === 0 ? 'Relu' : 'Floor', [value]);
  graph.output(value, DataType.FLOAT, [1, 4]);
  const result = await analyseCoverage(graph.toModel({ opset: 17 }));
  expect(result.partitions).toHaveLength(30);
  const brief = coverageText(result);
  expect(brief.split('\n').length).toBeLessThanOrEqual(101);
  expect(brief).toContain('and 22 partitions more');
  expect(brief).toContain('--all shows');
  const all = coverageText(result, null, { all: true });
  expect(all).toContain('#29: nodes 58');
  expect(all).not.toContain('--all shows');
});
