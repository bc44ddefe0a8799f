import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/model/builder.js';
import { TensorProto_DataType as DataType } from '../../src/model/generated/onnx_pb.js';
import { serializeModel } from '../../src/model/serialize.js';
import { floatTensor } from '../../src/model/tensors.js';
import { judgeByNoise, type ComparedRun } from '../../src/rewrite/own-noise.js';
import { withSession } from '../../src/runtime/session.js';

/** y = x + 1: exact at every level and with any number of threads, so that its own noise is zero. */
function exactModel(): Uint8Array {
  const graph = new GraphBuilder('exact');
  const x = graph.input('x', DataType.FLOAT, [4]);
  graph.output(graph.node('Add', [x, graph.floats([1], [1])], {}, { outputs: ['y'] }), DataType.FLOAT, [4]);
  return serializeModel(graph.toModel({ opset: 17 }));
}

function comparedRun(maxAbs: number, kind: 'random' | 'ties' = 'random'): ComparedRun {
  const isWithin = maxAbs <= 1e-5;
  return {
    run: { seed: 1, batch: null, kind, feeds: new Map([['x', floatTensor([4], [1, 2, 3, 4])]]) },
    outputs: [
      {
        name: 'y',
        isIdentical: maxAbs === 0,
        isWithin,
        maxAbs,
        maxRel: maxAbs,
        first: null,
        values: null,
        worst: { seed: 1, batch: null },
        noise: 0,
      },
    ],
  };
}

function judged(runs: readonly ComparedRun[], isStrict = false): Promise<readonly ComparedRun[]> {
  const bytes = exactModel();
  return withSession(bytes, { optimization: 'basic' }, (first) =>
    judgeByNoise(first, bytes, { optimization: 'basic' }, runs, { tolerance: 1e-5, isStrict }),
  );
}

describe('judging by the noise of the original', () => {
  it('excuses nothing where the original is exact', async () => {
    const [run] = await judged([comparedRun(1.2e-5)]);
    expect(run?.outputs[0]).toMatchObject({ isWithin: false, noise: 0 });
  });

  it('leaves runs within the tolerance as they are', async () => {
    const runs = [comparedRun(0), comparedRun(9e-6)];
    expect(await judged(runs)).toBe(runs);
  });

  it('keeps ties on which the original is stable', async () => {
    const runs = await judged([comparedRun(0), comparedRun(1, 'ties')], true);
    expect(runs.map(({ outputs }) => outputs[0]?.isWithin)).toEqual([true, false]);
  });
});
