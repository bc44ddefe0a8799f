import { intAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import type { Lower, Lowering } from './lowering.js';
import { activationOf, directed, give, initialState, joined, part, recurrent, rows } from './recurrent.js';

/** Steps beyond this are not written out one by one. */
const MOST_STEPS = 512;

/**
 * Written out step by step: MIL's own gru has one bias where ONNX has two, and resets after the product only.
 * Gates: update, reset, hidden. h = (1 - z) * n + z * h.
 */
const gru: Lower = (node) => {
  const how = recurrent(node, ['Sigmoid', 'Tanh']);
  const { hidden, directions, activations, batch } = how;
  const [steps = 0, , inputs = 0] = how.x.shape;
  if (steps * directions.length > MOST_STEPS)
    node.refuse(`it has ${steps * directions.length} steps, and more than ${MOST_STEPS} are not written out`);
  const resetsAfter = intAttribute(node.node, 'linear_before_reset', 0) !== 0;
  const initial = initialState(node, 5, how);
  const layers = directions.map((direction, place) => {
    const [gate = 'Sigmoid', cell = 'Tanh'] = activations.slice(2 * place);
    const words = { gate: activationOf(node, gate), cell: activationOf(node, cell) };
    const all = [0, 1, 2];
    const zeros = new Float32Array(3 * hidden);
    const inputBias = node.has(3) ? rows(node, 3, place, hidden, all) : zeros;
    const ownBias = node.has(3) ? rows(node, 3, place, hidden, [3, 4, 5]) : zeros;
    const own = rows(node, 2, place, hidden, all);
    const matrix = (from: number, to: number): Value =>
      node.floats(
        own.subarray(from * hidden * hidden, to * hidden * hidden),
        [(to - from) * hidden, hidden],
        'weight_hh',
      );
    const bias = (from: number, to: number): Value =>
      node.floats(ownBias.subarray(from * hidden, to * hidden), [(to - from) * hidden], 'bias_hh');
    const fixed = { gates: matrix(0, 2), gatesBias: bias(0, 2), cell: matrix(2, 3), cellBias: bias(2, 3) };
    return directed(node, how.x, direction, (x) => {
      const products = node.op('linear', {
        x: node.reshape(x, [steps * batch, inputs]),
        weight: node.floats(rows(node, 1, place, hidden, all), [3 * hidden, inputs], 'weight_ih'),
        bias: node.floats(inputBias, [3 * hidden], 'bias_ih'),
      });
      const each = node.reshape(products, [steps, batch, 3 * hidden]);
      const parts =
        steps === 1 ? [each] : node.ops('split', { x: each, split_sizes: Array<number>(steps).fill(1), axis: 0 });
      const states: Value[] = [];
      let h = part(node, initial, place, how);
      for (const product of parts) {
        const [ofGates, ofCell] = halves(node, node.reshape(product, [batch, 3 * hidden]), [2 * hidden, hidden]);
        const sums = node.op('add', {
          x: ofGates,
          y: node.op('linear', { x: h, weight: fixed.gates, bias: fixed.gatesBias }),
        });
        const [update, reset] = halves(node, node.op(words.gate, { x: sums }), [hidden, hidden]);
        const recalled = resetsAfter
          ? node.op('mul', { x: reset, y: node.op('linear', { x: h, weight: fixed.cell, bias: fixed.cellBias }) })
          : node.op('linear', { x: node.op('mul', { x: reset, y: h }), weight: fixed.cell, bias: fixed.cellBias });
        const fresh = node.op(words.cell, { x: node.op('add', { x: ofCell, y: recalled }) });
        const keep = node.op('mul', { x: update, y: h });
        const rest = node.op('sub', { x: node.like(update, 1), y: update });
        h = node.op('add', { x: node.op('mul', { x: rest, y: fresh }), y: keep });
        states.push(node.op('expand_dims', { x: h, axes: [0] }));
      }
      return [joined(node, states, 0), h];
    });
  });
  give(
    node,
    how,
    joined(
      node,
      layers.map(([each]) => each),
      2,
    ),
    [
      joined(
        node,
        layers.map(([, last]) => last),
        1,
      ),
    ],
  );
};

function halves(node: Lowering, x: Value, sizes: readonly [number, number]): readonly [Value, Value] {
  return node.ops('split', { x, split_sizes: sizes, axis: 1 }) as unknown as readonly [Value, Value];
}

export const GATED: Readonly<Record<string, Lower>> = { GRU: gru };
