import { DataType, GraphBuilder, serializeModel } from 'onnx-lens';
import { describe, expect, it } from 'vitest';
import { planProviders } from '../../src/inference/provider-plan.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';

/** A chain of operators, each on the result of the one before. */
function chain(name: string, operators: readonly string[]): ModelSource {
  const graph = new GraphBuilder(name);
  let value = graph.input('x', DataType.FLOAT, [1, 3, 8, 8]);
  for (const operator of operators) value = graph.node(operator, [value]);
  graph.output(graph.node('Relu', [value], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 3, 8, 8]);
  return { name, model: serializeModel(graph.toModel({ opset: 17 })) };
}

const whole = chain('whole', ['Relu', 'Sigmoid', 'Tanh']);
/** Core ML's provider knows no Sinh: every other node falls to the CPU. */
const fragmented = chain(
  'fragmented',
  Array.from({ length: 60 }, (_, place) => (place % 2 === 0 ? 'Sinh' : 'Sigmoid')),
);

describe('the provider that is chosen where Core ML is there', () => {
  it('is Core ML for a network that it takes whole, and the CPU for one that would be cut to pieces', async () => {
    const plan = await planProviders([whole, fragmented], 'auto', 'coreml');
    expect(plan.providers).toEqual({ whole: 'coreml', fragmented: 'cpu' });
    expect(plan.isUseful).toBe(true);
    expect(plan.reason).toMatch(
      /^by the coverage analysis whole on Core ML \(Core ML would take 100\.0 % .* 1 partition\), fragmented on the CPU \(/,
    );
  });

  it('is none of it where no network would run on it', async () => {
    expect(await planProviders([fragmented], 'auto', 'coreml')).toMatchObject({
      providers: { fragmented: 'cpu' },
      isUseful: false,
    });
  });

  it('is what the user names, whatever the analysis says', async () => {
    expect(await planProviders([fragmented], 'coreml', 'coreml')).toEqual({
      providers: { fragmented: 'coreml' },
      reason: null,
      isUseful: true,
    });
  });
});
