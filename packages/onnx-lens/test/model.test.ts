import { describe, expect, it } from 'vitest';
import {
  DataType,
  Graph,
  GraphBuilder,
  floatToHalf,
  halfToFloat,
  parseModel,
  readTensor,
  serializeModel,
} from '../src/index.js';

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
    for (const bytes of [new TextEncoder().encode('hello, I am text'), new Uint8Array(), whole.subarray(0, whole.length - 7)]) {
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
    expect(() => readTensor(builder.toGraph().initializer[0]!)).toThrow(expect.objectContaining({ code: 'TENSOR_INVALID' }));
  });
});
