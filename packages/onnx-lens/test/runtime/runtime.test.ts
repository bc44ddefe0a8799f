import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  DataType,
  GraphBuilder,
  Session,
  floatTensor,
  inferShapes,
  int64Tensor,
  levelOneGraph,
  serializeModel,
  withSession,
} from '../../src/index.js';

function doubler() {
  const builder = new GraphBuilder('doubler');
  const x = builder.input('x', DataType.FLOAT, ['batch', 3]);
  const two = builder.node('Add', [builder.floats([], [1]), builder.floats([], [1])]);
  builder.output(builder.node('Mul', [x, two], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 3]);
  return builder.toModel({ opset: 17 });
}

describe('a session', () => {
  it('runs a model from bytes and gives numbers back', async () => {
    const y = await withSession(serializeModel(doubler()), {}, async (session) => {
      expect(session.inputs).toEqual([{ name: 'x', dataType: DataType.FLOAT, shape: ['batch', 3] }]);
      return (await session.run(new Map([['x', floatTensor([1, 3], [1, 2, 3])]]))).get('y');
    });
    expect(y).toEqual({ dataType: DataType.FLOAT, dims: [1, 3], data: Float32Array.of(2, 4, 6) });
  });

  it('passes half floats through as their bits', async () => {
    const builder = new GraphBuilder('half');
    const x = builder.input('x', DataType.FLOAT16, [2]);
    builder.output(builder.node('Identity', [x], {}, { outputs: ['y'] }), DataType.FLOAT16, [2]);
    const half = { dataType: DataType.FLOAT16, dims: [2], data: Uint16Array.of(0x3c00, 0xfbff) };
    const results = await withSession(serializeModel(builder.toModel({ opset: 17 })), {}, (session) =>
      session.run(new Map([['x', half]])),
    );
    expect(results.get('y')).toEqual(half);
  });

  it('refuses what ONNX Runtime refuses, in one sentence', async () => {
    const builder = new GraphBuilder('unknown');
    builder.output(
      builder.node('Nonsense', [builder.input('x', DataType.FLOAT, [1])], {}, { outputs: ['y'] }),
      DataType.FLOAT,
      [1],
    );
    await expect(Session.open(serializeModel(builder.toModel({ opset: 17 })))).rejects.toThrow(
      expect.objectContaining({
        code: 'RUNTIME_REFUSED',
        message: expect.stringMatching(/^ONNX Runtime cannot open the model: .*Nonsense[^\n]*\.$/),
      }),
    );
    await withSession(serializeModel(doubler()), {}, async (session) => {
      await expect(session.run(new Map([['x', floatTensor([1, 2], [1, 2])]]))).rejects.toThrow(/x: FLOAT \[1, 2\]/);
    });
  });
});

describe('the level-1 graph', () => {
  it('has constants folded and leaves no temporary file', async () => {
    // A folder of its own: other test files make temporary files at the same time.
    const scratch = mkdtempSync(join(tmpdir(), 'lens-test-'));
    vi.stubEnv('TMPDIR', scratch);
    try {
      const basic = await levelOneGraph(doubler());
      expect(basic.graph?.node.map((node) => node.opType)).toEqual(['Mul']);
      expect(readdirSync(scratch)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      rmSync(scratch, { recursive: true, force: true });
    }
  });

  it('follows weights in other files, from a path and from a model with its folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lens-test-'));
    try {
      const builder = new GraphBuilder('external');
      const x = builder.input('x', DataType.FLOAT, [2]);
      const w = builder.floats([2], [3, 4], 'w');
      builder.output(builder.node('Mul', [x, w], {}, { outputs: ['y'] }), DataType.FLOAT, [2]);
      const external = builder.toModel({ opset: 17 });
      const weight = external.graph!.initializer[0]!;
      writeFileSync(join(folder, 'weights.bin'), weight.rawData);
      weight.rawData = new Uint8Array();
      weight.dataLocation = 1;
      weight.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'weights.bin' }];
      const path = join(folder, 'model.onnx');
      writeFileSync(path, serializeModel(external));
      expect((await levelOneGraph(path)).graph?.node).toHaveLength(1);
      expect((await levelOneGraph(external, { dataFolder: folder })).graph?.node).toHaveLength(1);
      const results = await withSession(path, {}, (session) => session.run(new Map([['x', floatTensor([2], [1, 1])]])));
      expect(results.get('y')?.data).toEqual(Float32Array.of(3, 4));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('shapes', () => {
  it('tell numbers, named and unnamed dimensions, scalars and values of unknown rank apart', async () => {
    const builder = new GraphBuilder('shapes');
    const x = builder.input('x', DataType.FLOAT, ['batch', 3]);
    const target = builder.input('target', DataType.INT64, [2]);
    const anyRank = builder.input('anyRank', DataType.INT64, ['rank']);
    const sum = builder.node('ReduceSum', [x], { keepdims: 0 }, { outputs: ['sum'] });
    const reshaped = builder.node('Reshape', [x, target], {}, { outputs: ['reshaped'] });
    const unknown = builder.node('Reshape', [reshaped, anyRank], {}, { outputs: ['unknown'] });
    builder.output(builder.node('Mul', [sum, unknown], {}, { outputs: ['y'] }), DataType.FLOAT, [undefined]);
    const types = await inferShapes(builder.toModel({ opset: 17 }));
    expect(types.get('x')).toEqual({ dataType: DataType.FLOAT, shape: ['batch', 3] });
    expect(types.get('sum')).toEqual({ dataType: DataType.FLOAT, shape: [] });
    expect(types.get('reshaped')?.shape).toHaveLength(2);
    expect(types.get('unknown')).toEqual({ dataType: DataType.FLOAT, shape: null });
    const fixed = await inferShapes(builder.toModel({ opset: 17 }), { freeDimensions: { batch: 4 } });
    expect(fixed.get('x')?.shape).toEqual([4, 3]);
  });

  it('know the initializers too', async () => {
    const builder = new GraphBuilder('initializers');
    const axes = builder.constant('axes', int64Tensor([1], [0]));
    builder.output(
      builder.node('Unsqueeze', [builder.input('x', DataType.FLOAT, [3]), axes], {}, { outputs: ['y'] }),
      DataType.FLOAT,
      [1, 3],
    );
    expect((await inferShapes(builder.toModel({ opset: 17 }))).get('axes')).toEqual({
      dataType: DataType.INT64,
      shape: [1],
    });
  });
});

describe('branches inside branches', () => {
  /** y = relu(x) + 1, behind two conditions that are constant; ONNX Runtime 1.32 crashed on such in fixed sizes. */
  function branches(dims: readonly (number | string)[]) {
    const inner = (operator: string, place: string) => {
      const body = new GraphBuilder(operator);
      body.output(body.node(operator, ['x'], {}, { outputs: [`${place}_${operator}`] }), DataType.FLOAT, dims);
      return body.toGraph();
    };
    const outer = (name: string) => {
      const body = new GraphBuilder(name);
      const eight = body.constant(`${name}_eight`, int64Tensor([], [8]));
      const cond = body.node('Equal', ['rate', eight], {}, { outputs: [`${name}_slow`] });
      const either = { then_branch: inner('Neg', name), else_branch: inner('Relu', name) };
      const chosen = body.node('If', [cond], either, { outputs: [`${name}_chosen`] });
      const one = body.floats([], [1], `${name}_one`);
      body.output(body.node('Add', [chosen, one], {}, { outputs: [`${name}_sum`] }), DataType.FLOAT, dims);
      return body.toGraph();
    };
    const graph = new GraphBuilder('nested');
    graph.input('x', DataType.FLOAT, dims);
    const rate = graph.constant('rate', int64Tensor([], [16]));
    const cond = graph.node(
      'Equal',
      [rate, graph.constant('sixteen', int64Tensor([], [16]))],
      {},
      { outputs: ['fast'] },
    );
    graph.node('If', [cond], { then_branch: outer('then'), else_branch: outer('else') }, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, dims);
    return graph.toModel({ opset: 16 });
  }

  it('go away where their conditions are known, and the sizes of inputs stay', async () => {
    const model = await levelOneGraph(branches([1, 4]));
    expect(model.graph?.node.map(({ opType }) => opType)).toEqual(['Relu', 'Add']);
    expect((await inferShapes(model)).get('x')?.shape).toEqual([1, 4]);
    const free = await levelOneGraph(branches(['batch', 4]), { freeDimensions: { batch: 2 } });
    expect((await inferShapes(free)).get('y')?.shape?.at(-1)).toBe(4);
  });
});
