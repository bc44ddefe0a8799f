import { expect, it } from 'vitest';
import { GraphBuilder } from '../../src/model/builder.js';
import { TensorProto_DataType as DataType } from '../../src/model/generated/onnx_pb.js';
import { identity } from '../../src/rewrite/passes/identity.js';
import { optimizeProven } from '../../src/rewrite/proven.js';
import type { Rewrite } from '../../src/rewrite/rewrite.js';

/** Takes every Sigmoid out, which is wrong. */
const wrong: Rewrite = {
  name: 'wrong',
  summary: 'takes Sigmoid out',
  purpose: 'simplify',
  apply(node, bench) {
    if (node.opType !== 'Sigmoid') return false;
    bench.replace(node, () => node.input[0] ?? '');
    return true;
  },
};

it('leaves out the rewrite with which the proof does not hold, and keeps the others', async () => {
  const graph = new GraphBuilder('sigmoid');
  const x = graph.input('x', DataType.FLOAT, [4]);
  const same = graph.node('Identity', [graph.node('Sigmoid', [x])]);
  graph.output(graph.node('Relu', [same], {}, { outputs: ['y'] }), DataType.FLOAT, [4]);
  const model = graph.toModel({ opset: 17 });
  const { leftOut, proof, result } = await optimizeProven(
    model,
    model,
    { rewrites: [wrong, identity], provider: 'cpu' },
    { samples: 2 },
  );
  expect(leftOut).toEqual(['wrong']);
  expect(proof?.holds).toBe(true);
  expect(result.model.graph?.node.map(({ opType }) => opType)).toEqual(['Sigmoid', 'Relu']);
});
