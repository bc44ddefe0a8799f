import { describe, expect, it } from 'vitest';
import { DataType, exportCoreMl, GraphBuilder, int64Tensor, type ModelProto } from '../../src/index.js';

const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => 0.6 * Math.sin(2.3 * at + 1));

/** A recurrent layer on [steps 5, batch 2, inputs 3] with 4 hidden values; every weight is another. */
function recurrentModel(
  operator: 'LSTM' | 'GRU' | 'RNN',
  attributes: Record<string, number | string | string[]>,
): ModelProto {
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[operator];
  const directions = attributes['direction'] === 'bidirectional' ? 2 : 1;
  const graph = new GraphBuilder('recurrent');
  const x = graph.input('x', DataType.FLOAT, [5, 2, 3]);
  const h = graph.input('h', DataType.FLOAT, [directions, 2, 4]);
  const weight = (...dims: number[]): string => graph.floats(dims, numbers(dims.reduce((a, b) => a * b, 1)));
  const inputs = [
    x,
    weight(directions, 4 * gates, 3),
    weight(directions, 4 * gates, 4),
    weight(directions, 8 * gates),
    '',
    h,
  ];
  const outputs = operator === 'LSTM' ? ['y', 'last', 'cell'] : ['y', 'last'];
  graph.nodeOutputs(operator, inputs, { hidden_size: 4, ...attributes }, outputs.length, { outputs });
  graph.output('y', DataType.FLOAT, [5, directions, 2, 4]);
  for (const name of outputs.slice(1)) graph.output(name, DataType.FLOAT, [directions, 2, 4]);
  return graph.toModel({ opset: 17 });
}

describe('recurrent layers in a Core ML package', () => {
  it.each([
    ['LSTM', {}],
    ['LSTM', { direction: 'reverse' }],
    ['LSTM', { direction: 'bidirectional' }],
    ['RNN', { direction: 'bidirectional', activations: ['Relu', 'Tanh'] }],
    ['GRU', { direction: 'bidirectional' }],
    ['GRU', { linear_before_reset: 1, direction: 'reverse' }],
  ] as const)('%s %o computes what the model does', async (operator, attributes) => {
    const { functions } = await exportCoreMl(recurrentModel(operator, { ...attributes } as never), { samples: 3 });
    expect(functions[0]?.proof.holds).toBe(true);
  });

  it('stays in float32 where the rest is half', async () => {
    const { functions } = await exportCoreMl(recurrentModel('LSTM', {}), { half: true, samples: 2 });
    expect(functions[0]?.inFloat.map(({ operation }) => operation)).toContain('lstm');
  });

  it('refuses activations that Core ML does not know', async () => {
    const model = recurrentModel('RNN', { activations: ['ScaledTanh'] });
    await expect(exportCoreMl(model)).rejects.toThrow(/its activation is ScaledTanh/);
  });
});

/** y = flag ? x + 1 : x * 2 (or, with other sizes, only a part of x). */
function branches(isSameSize: boolean): ModelProto {
  const branch = (build: (graph: GraphBuilder) => string, size: number) => {
    const graph = new GraphBuilder('branch');
    graph.output(build(graph), DataType.FLOAT, [size]);
    return graph.toGraph();
  };
  const yes = branch((graph) => graph.node('Add', ['x', graph.floats([], [1], 'one')], {}, { outputs: ['more'] }), 4);
  const no = isSameSize
    ? branch((graph) => graph.node('Mul', ['x', graph.floats([], [2], 'one')], {}, { outputs: ['more'] }), 4)
    : branch((graph) => graph.node('Slice', ['x', graph.ints([0]), graph.ints([1])], {}, { outputs: ['more'] }), 1);
  const graph = new GraphBuilder('choice');
  graph.input('x', DataType.FLOAT, [4]);
  const flag = graph.input('flag', DataType.BOOL, []);
  graph.node('If', [flag], { then_branch: yes, else_branch: no }, { outputs: ['y'] });
  graph.output('y', DataType.FLOAT, isSameSize ? [4] : ['n']);
  return graph.toModel({ opset: 17 });
}

describe('branches and loops in a Core ML package', () => {
  it('computes both branches and takes one', async () => {
    const { functions } = await exportCoreMl(branches(true), { samples: 6 });
    expect(functions[0]?.proof.isIdentical).toBe(true);
    expect(functions[0]?.operations).toHaveProperty('select');
  });

  it('refuses branches of different sizes', async () => {
    await expect(exportCoreMl(branches(false))).rejects.toThrow(/If.*its branches give \[4\] and \[1\]/);
  });

  it('writes the rounds of a loop one after another, with what they collect', async () => {
    const body = new GraphBuilder('body');
    body.input('round', DataType.INT64, []);
    body.input('on', DataType.BOOL, []);
    body.input('state', DataType.FLOAT, [3]);
    const place = body.node('Cast', ['round'], { to: DataType.FLOAT });
    body.node('Add', [body.node('Mul', ['state', 'x']), place], {}, { outputs: ['next'] });
    body.node('Identity', ['on'], {}, { outputs: ['goes_on'] });
    body.node('Neg', ['next'], {}, { outputs: ['row'] });
    body.output('goes_on', DataType.BOOL, []);
    body.output('next', DataType.FLOAT, [3]);
    body.output('row', DataType.FLOAT, [3]);
    const graph = new GraphBuilder('loop');
    const x = graph.input('x', DataType.FLOAT, [3]);
    const rounds = graph.constant('rounds', int64Tensor([], [4]));
    graph.nodeOutputs('Loop', [rounds, '', x], { body: body.toGraph() }, 2, { outputs: ['last', 'all'] });
    graph.output('last', DataType.FLOAT, [3]);
    graph.output('all', DataType.FLOAT, [4, 3]);
    const { functions } = await exportCoreMl(graph.toModel({ opset: 17 }), { samples: 3 });
    expect(functions[0]?.proof.isIdentical).toBe(true);
  });
});
