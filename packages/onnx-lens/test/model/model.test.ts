import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DataType,
  Graph,
  GraphBuilder,
  floatToHalf,
  halfToFloat,
  loadModel,
  parseModel,
  readTensor,
  saveModel,
  serializeModel,
} from '../../src/index.js';

function chain() {
  const builder = new GraphBuilder('chain');
  const x = builder.input('x', DataType.FLOAT, ['batch', 3]);
  const doubled = builder.node('Mul', [x, builder.floats([], [2])]);
  builder.output(builder.node('Relu', [doubled], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 3]);
  return builder.toModel({ opset: 17 });
}

describe('model', () => {
  it('comes back from its own bytes unchanged', () => {
    const bytes = serializeModel(chain());
    expect(serializeModel(parseModel(bytes))).toEqual(bytes);
  });

  it('says who makes and who reads a value', () => {
    const graph = new Graph(chain().graph!);
    expect(graph.producer('y')?.opType).toBe('Relu');
    expect(graph.consumers('x').map((node) => node.opType)).toEqual(['Mul']);
    expect(graph.constant('const')?.data).toEqual(Float32Array.of(2));
  });

  it('refuses text, an empty file and a cut-off file as NOT_ONNX', () => {
    const whole = serializeModel(chain());
    for (const bytes of [
      new TextEncoder().encode('hello, I am text'),
      new Uint8Array(),
      whole.subarray(0, whole.length - 7),
    ]) {
      expect(() => parseModel(bytes, 'file.onnx')).toThrow(expect.objectContaining({ code: 'NOT_ONNX' }));
    }
  });

  it('finds a cycle and a value that nothing provides', () => {
    const cyclic = chain().graph!;
    cyclic.node[0]!.input[0] = 'y';
    expect(() => new Graph(cyclic).topologicalOrder()).toThrow(expect.objectContaining({ code: 'GRAPH_CYCLE' }));
    const missing = chain().graph!;
    missing.node[0]!.input[0] = 'nowhere';
    expect(() => new Graph(missing)).toThrow(/reads "nowhere"/);
  });

  it('orders nodes after what they need and otherwise leaves them as they stand', () => {
    const proto = chain().graph!;
    proto.node.reverse();
    expect(new Graph(proto).topologicalOrder().map((node) => node.opType)).toEqual(['Mul', 'Relu']);
  });
});

describe('a model from a stranger', () => {
  it('is ordered at once, however many values a node reads that stand behind it', () => {
    const builder = new GraphBuilder('wide');
    const x = builder.input('x', DataType.FLOAT, [1]);
    const parts = Array.from({ length: 50_000 }, () => builder.node('Relu', [x], {}));
    builder.output(builder.node('Sum', parts, {}, { outputs: ['y'] }), DataType.FLOAT, [1]);
    const proto = builder.toGraph();
    proto.node.unshift(proto.node.pop()!);
    const order = new Graph(proto).topologicalOrder();
    expect(order).toHaveLength(50_001);
    expect(order.at(-1)!.opType).toBe('Sum');
  });

  it('cannot have one weight file read over and over, but tensors may share their values', () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-external-'));
    try {
      writeFileSync(
        join(folder, 'weights'),
        new Uint8Array(Float32Array.from({ length: 100 }, (_, place) => place).buffer),
      );
      const save = (offsets: readonly number[]): string => {
        const builder = new GraphBuilder('external');
        const x = builder.input('x', DataType.FLOAT, [50]);
        const weights = offsets.map(() => builder.floats([50], new Array<number>(50).fill(0)));
        builder.output(builder.node('Sum', [x, ...weights], {}, { outputs: ['y'] }), DataType.FLOAT, [50]);
        const model = builder.toModel({ opset: 17 });
        model.graph!.initializer.forEach((tensor, place) => {
          tensor.rawData = new Uint8Array();
          tensor.dataLocation = 1;
          const values = { location: 'weights', offset: String(offsets[place]), length: '200' };
          tensor.externalData = Object.entries(values).map(([key, value]) => ({
            $typeName: 'onnx.StringStringEntryProto',
            key,
            value,
          }));
        });
        const path = join(folder, 'model.onnx');
        saveModel(model, path);
        return path;
      };
      const tied = loadModel(save([0, 200, ...new Array<number>(20).fill(0)]), 'read');
      expect(tied.graph!.initializer.map((tensor) => readTensor(tensor).data[1])).toEqual([
        1,
        51,
        ...new Array<number>(20).fill(1),
      ]);
      expect(() => loadModel(save([0, 4, 8, 12, 16]), 'read')).toThrow(/lie over each other/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('half floats', () => {
  it('round-trip all finite bit patterns', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfToFloat(bits);
      if (Number.isNaN(value)) continue;
      if (floatToHalf(value) !== bits) expect({ bits, value, back: floatToHalf(value) }).toBe('equal');
    }
  });

  it('round to nearest, ties to even, and overflow to infinity', () => {
    expect(floatToHalf(2049)).toBe(floatToHalf(2048));
    expect(floatToHalf(2051)).toBe(floatToHalf(2052));
    expect(halfToFloat(floatToHalf(65519))).toBe(65504);
    expect(halfToFloat(floatToHalf(65520))).toBe(Infinity);
    expect(floatToHalf(2 ** -25)).toBe(0);
    expect(floatToHalf(2 ** -25 * 1.5)).toBe(1);
  });
});

describe('tensors', () => {
  it('are refused when shape and data disagree', () => {
    const builder = new GraphBuilder('bad');
    builder.floats([2, 3], [1, 2, 3]);
    expect(() => readTensor(builder.toGraph().initializer[0]!)).toThrow(
      expect.objectContaining({ code: 'TENSOR_INVALID' }),
    );
    builder.floats([-3, -1], [1, 2, 3]);
    expect(() => readTensor(builder.toGraph().initializer[1]!)).toThrow(/negative dimension/);
  });
});
