import type { GraphRewrite } from '../rewrite.js';

/**
 * Weights among the inputs.
 *
 * Pattern: initializers that the graph also lists as inputs, as exporters did up to IR version 3. A caller may override
 * them, so that no optimizer and no provider may take them for constants.
 * Emits: the initializers alone.
 * Helps: every provider; Core ML takes convolutions of constant weights only, and ONNX Runtime folds nothing into
 * others.
 */
export const listedWeights: GraphRewrite = {
  name: 'listed-weights',
  summary: 'takes weights off the list of inputs; a caller can no longer override them',
  purpose: 'simplify',
  applyToGraph(bench) {
    const given = new Set([
      ...bench.graph.initializer.map((tensor) => tensor.name),
      ...bench.graph.sparseInitializer.map((tensor) => tensor.values?.name ?? ''),
    ]);
    const before = bench.graph.input.length;
    bench.graph.input = bench.graph.input.filter((input) => !given.has(input.name));
    bench.touched();
    return before - bench.graph.input.length;
  },
};
