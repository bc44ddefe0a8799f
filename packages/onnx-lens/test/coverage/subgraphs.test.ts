import { describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, analyseCoverage, type ModelProto } from '../../src/index.js';
import { makeAttribute } from '../../src/model/attributes.js';
import type { GraphProto } from '../../src/model/generated/onnx_pb.js';

const OPTIONS = { format: 'mlprogram', ort: '1.27', assumeOptimized: true, compareVariants: false } as const;

/** `body(builder)` as a graph of its own that may read from around by name. */
function bodyOf(name: string, build: (body: GraphBuilder) => void): GraphProto {
  const body = new GraphBuilder(name);
  build(body);
  return body.toGraph();
}

/** x is computed in the main graph, slope is a constant there; both are read in the branches. */
function choice(): ModelProto {
  const graph = new GraphBuilder('choice');
  const input = graph.input('input', DataType.FLOAT, [1, 3, 8, 8]);
  const flag = graph.input('flag', DataType.BOOL, []);
  const slope = graph.floats([3, 1, 1], [0.1, 0.2, 0.3], 'slope');
  graph.node('Relu', [input], {}, { outputs: ['x'] });
  const branch = (name: string, steps: readonly string[]): GraphProto =>
    bodyOf(name, (body) => {
      let value = body.node('PRelu', ['x', slope], {}, { outputs: [`${name}_prelu`] });
      steps.forEach((opType, place) => {
        value = body.node(opType, [value], {}, { outputs: [`${name}_${place}`] });
      });
      body.output(value, DataType.FLOAT, [1, 3, 8, 8]);
    });
  graph.node('If', [flag], {}, { name: 'choose', outputs: ['y'] });
  graph.output('y', DataType.FLOAT, [1, 3, 8, 8]);
  const model = graph.toModel({ opset: 16 });
  model.graph?.node
    .at(-1)
    ?.attribute.push(
      makeAttribute('then_branch', branch('then', ['Relu', 'Floor', 'Relu'])),
      makeAttribute('else_branch', branch('else', ['Sigmoid'])),
    );
  return model;
}

describe('graphs inside If, Loop and Scan', () => {
  it('are judged and grouped each by itself, with types and constants from around', async () => {
    const { subgraphs, nodes, notes } = await analyseCoverage(choice(), { ...OPTIONS, subgraphs: true });
    expect(nodes).toBe(2);
    expect(subgraphs.map(({ path, visited, supported }) => [path, visited, supported])).toEqual([
      ['If "choose", then_branch', true, 3],
      ['If "choose", else_branch', true, 2],
    ]);
    expect(subgraphs[0]?.partitions.map((partition) => partition.nodes)).toEqual([[0, 1], [3]]);
    expect(subgraphs[0]?.perNode[2]?.reason?.rule).toBe('op-type');
    expect(notes.join('\n')).toContain('EnableOnSubgraphs');
  });

  it('are judged but not visited without the option, and the advice names what is left there', async () => {
    const { subgraphs, advice } = await analyseCoverage(choice(), OPTIONS);
    expect(subgraphs.map(({ visited }) => visited)).toEqual([false, false]);
    expect(advice).toMatch(/^Set EnableOnSubgraphs .*6 of 8 nodes .* 1 Floor \(Core ML has no form of Floor/);
  });

  it('of a Loop have no shapes of the values that it carries along', async () => {
    const graph = new GraphBuilder('turns');
    const x = graph.input('x', DataType.FLOAT, [1, 4]);
    const turns = graph.ints([3], 'turns');
    graph.node('Loop', [turns, '', x], {}, { name: 'again', outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [1, 4]);
    const body = bodyOf('body', (inner) => {
      inner.input('turn', DataType.INT64, []);
      inner.input('go', DataType.BOOL, []);
      inner.input('state', DataType.FLOAT, [1, 4]);
      inner.node('Identity', ['go'], {}, { outputs: ['on'] });
      inner.node('Relu', ['state'], {}, { outputs: ['next'] });
      inner.node('Sigmoid', ['x'], {}, { outputs: ['unused'] });
      inner.output('on', DataType.BOOL, []);
      inner.output('next', DataType.FLOAT, [1, 4]);
    });
    const untyped = body.input[2]?.type?.value;
    if (untyped?.case === 'tensorType') untyped.value.shape = undefined;
    const model = graph.toModel({ opset: 16 });
    model.graph?.node.at(-1)?.attribute.push(makeAttribute('body', body));
    const { subgraphs } = await analyseCoverage(model, { ...OPTIONS, subgraphs: true });
    expect(subgraphs[0]?.perNode.map(({ opType, reason }) => [opType, reason?.rule ?? 'yes'])).toEqual([
      ['Identity', 'input-type'],
      ['Relu', 'input-shape.unknown'],
      ['Sigmoid', 'yes'],
    ]);
  });

  it('take the option for Core ML alone', async () => {
    await expect(analyseCoverage(choice(), { provider: 'xnnpack', subgraphs: true })).rejects.toThrow(/always asked/);
  });
});
