import { DataType, GraphBuilder, serializeModel } from 'onnx-lens';
import { describe, expect, it } from 'vitest';
import type { ProviderName } from 'facemirror-core/inference/options.js';
import { InferencePool } from '../../src/inference/pool.js';
import { withProvider, type ProviderSteps } from '../../src/inference/provider-choice.js';
import { builtProviders } from '../../src/inference/providers.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';

function relu(): ModelSource {
  const graph = new GraphBuilder('relu');
  graph.output(
    graph.node('Relu', [graph.input('x', DataType.FLOAT, [1, 3])], {}, { outputs: ['y'] }),
    DataType.FLOAT,
    [1, 3],
  );
  return { name: 'relu', model: serializeModel(graph.toModel({ opset: 17 })) };
}

/** Opens a network, and tells for which providers it was made ready. */
function steps(
  source: ModelSource,
  prepared: ProviderName[],
): ProviderSteps<{ sources: ModelSource[] }, InferencePool> {
  return {
    prepare: (provider) => {
      prepared.push(provider);
      return Promise.resolve({ sources: [source] });
    },
    open: ({ sources }, providers) => InferencePool.open(sources, { providers }),
  };
}

describe('a provider that was asked for by name', () => {
  it('is what networks run on, without a word', async () => {
    const notices: string[] = [];
    const { opened, ...facts } = await withProvider(
      'cpu',
      { onNotice: (sentence) => notices.push(sentence) },
      steps(relu(), []),
    );
    await opened.close();
    expect(facts).toEqual({ provider: 'cpu', providerReason: null, providerMissed: null });
    expect(notices).toEqual([]);
  });

  // One that no build for this platform has, and one whose library is in none from the npm registry.
  it.each([process.platform === 'darwin' ? 'directml' : 'coreml', 'cuda'] as const)(
    'falls back to the CPU when unavailable, with a warning: %s',
    async (provider) => {
      const [notices, prepared] = [[] as (string | undefined)[][], [] as ProviderName[]];
      const { opened, ...facts } = await withProvider(
        provider,
        { onNotice: (...notice) => notices.push(notice) },
        steps(relu(), prepared),
      );
      const { y } = await opened.run({
        model: 'relu',
        inputs: { x: { kind: 'values', dims: [1, 3], data: Float32Array.of(-1, 0, 2) } },
      });
      await opened.close();
      expect([...(y?.data ?? [])]).toEqual([0, 0, 2]);
      // Nothing is made ready for a provider that is not there.
      expect(prepared).toEqual(['cpu']);
      const why = builtProviders().some((built) => built === provider)
        ? 'does not open here'
        : 'is not in this ONNX Runtime';
      expect(notices).toEqual([
        [
          expect.stringMatching(`^The networks run on the CPU: the provider ${provider}, which was asked for, ${why}`),
          'warning',
        ],
      ]);
      expect(facts).toMatchObject({
        provider: 'cpu',
        providerReason: expect.stringContaining(why),
        providerMissed: { provider, notice: notices[0]?.[0] },
      });
    },
  );
});

describe('networks that do not open on the CPU', () => {
  it('end the search with their own sentence', async () => {
    const broken = { name: 'broken', model: new Uint8Array(100) };
    await expect(withProvider('cpu', {}, steps(broken, []))).rejects.toMatchObject({ code: 'MODEL_CORRUPT' });
  });
});
