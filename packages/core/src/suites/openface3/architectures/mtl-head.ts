import type { GraphBuilder } from 'onnx-lens/graph';
import { concatFloats, normLine } from './layers.js';
import { spec, type TensorSpec, type Weights } from './weights.js';

/** Action units, each a node of the head's graph. */
const NODES = 8;
/** Each node listens to this many others: those with the largest dot product, ties included. */
const NEIGHBOURS = 4;
/** torch.nn.functional.normalize's guard. */
const SMALLEST_NORM = 1e-12;

/** Tensors of the action unit head. */
export function actionUnitTensors(features: number): TensorSpec[] {
  return [
    { name: 'au_regressor.sc', dims: [NODES, features], init: 'small' },
    ...Array.from({ length: NODES }, (_, node) =>
      spec.linear(`au_regressor.class_linears.${node}`, features, features),
    ).flat(),
    ...spec.linear('au_regressor.gnn.U', features, features),
    ...spec.linear('au_regressor.gnn.V', features, features),
    ...spec.norm('au_regressor.gnn.bnv', NODES),
  ];
}

/** Where the head reads and writes. */
export interface HeadOptions {
  /** (batch, features). */
  readonly input: string;
  readonly features: number;
  /** Items of a batch when fixed. */
  readonly batch: number | undefined;
  /** Name of the value (batch, 8) that it makes. */
  readonly output: string;
}

/**
 * The graph head of ME-GraphAU (Luo et al., IJCAI 2022) as OpenFace 3.0 has it: a linear layer for each unit, one
 * graph convolution X' = ReLU(X + norm(A V(X) + U(X))) with A the normalised graph of nearest neighbours, and the
 * cosine of each node with a learned centre.
 */
export function addActionUnitHead(
  graph: GraphBuilder,
  weights: Weights,
  { input, features, batch, output }: HeadOptions,
): void {
  const op = (opType: string, inputs: readonly string[], part: string): string =>
    graph.node(opType, inputs, {}, { name: `au.${part}` });
  const numbers = Array.from({ length: NODES }, (_, node) => `au_regressor.class_linears.${node}`);
  const linear = gemm(graph, 'au.class_linears', input, weights, numbers, features);
  const shape = (dims: readonly number[], part: string): string => graph.ints([batch ?? -1, ...dims], `au.${part}`);
  const nodes = op('Reshape', [linear, shape([NODES, features], 'nodes.shape')], 'nodes');
  const neighbours = addNeighbours(graph, nodes, shape);
  // U and V read the same: one product for both.
  const rows = op(
    'Reshape',
    [nodes, graph.ints([batch === undefined ? -1 : batch * NODES, features], 'au.rows.shape')],
    'rows',
  );
  const both = gemm(graph, 'au.gnn', rows, weights, ['au_regressor.gnn.U', 'au_regressor.gnn.V'], features);
  const mixed = op('Reshape', [both, shape([NODES, 2 * features], 'mixed.shape')], 'mixed');
  const sizes = graph.ints([features, features], 'au.sizes');
  const [own = '', others = ''] = graph.nodeOutputs('Split', [mixed, sizes], { axis: 2 }, 2, { name: 'au.split' });
  const heard = op('Add', [op('MatMul', [neighbours, others], 'aggregate'), own], 'heard');
  const { scale, shift } = normLine(weights, 'au_regressor.gnn.bnv');
  const scaled = op('Mul', [heard, graph.floats([1, NODES, 1], scale, 'au.bnv.scale')], 'bnv.scaled');
  const normal = op('Add', [scaled, graph.floats([1, NODES, 1], shift, 'au.bnv.shift')], 'bnv');
  const states = op('Relu', [op('Add', [nodes, normal], 'residual')], 'states');
  addCosine(graph, states, centres(weights.get('au_regressor.sc'), features), features, output);
}

/** Linear layers that read the same, as one product of matrices. */
function gemm(
  graph: GraphBuilder,
  name: string,
  input: string,
  weights: Weights,
  layers: readonly string[],
  features: number,
): string {
  const stacked = (part: 'weight' | 'bias'): Float32Array =>
    concatFloats(layers.map((layer) => weights.get(`${layer}.${part}`)));
  const weight = graph.floats([layers.length * features, features], stacked('weight'), `${name}.weight`);
  const bias = graph.floats([layers.length * features], stacked('bias'), `${name}.bias`);
  return graph.node('Gemm', [input, weight, bias], { transB: 1 }, { name });
}

/**
 * The graph of nearest neighbours, each edge divided by the roots of its ends' degrees, (batch, 8, 8).
 *
 * The original asks TopK for the fourth largest product of a row and keeps all that are not smaller. A product is kept
 * by that rule exactly when fewer than four of its row are larger, which needs no sorting. "Larger" is the difference
 * raised and clipped to 0 … 1, twice: 2^200 makes 1 of the smallest positive float32, 2^-149, and 2^100 is the most
 * that one factor can bring.
 */
function addNeighbours(
  graph: GraphBuilder,
  nodes: string,
  shape: (dims: readonly number[], part: string) => string,
): string {
  const op = (opType: string, inputs: readonly string[], part: string, attributes = {}): string =>
    graph.node(opType, inputs, attributes, { name: `au.${part}` });
  const transposed = op('Transpose', [nodes], 'transposed', { perm: [0, 2, 1] });
  const products = op('MatMul', [nodes, transposed], 'products');
  const candidate = op('Reshape', [products, shape([NODES, NODES, 1], 'candidate.shape')], 'candidate');
  const rival = op('Reshape', [products, shape([NODES, 1, NODES], 'rival.shape')], 'rival');
  const limits = [0, 1].map((limit) => graph.floats([], [limit], 'au.limit'));
  const raise = graph.floats([], [2 ** 100], 'au.raise');
  let larger = op('Sub', [rival, candidate], 'difference');
  for (const time of ['once', 'again']) {
    larger = op('Clip', [op('Mul', [larger, raise], `raised.${time}`), ...limits], `larger.${time}`);
  }
  const last = graph.ints([-1], 'au.last');
  const count = op('ReduceSum', [larger, last], 'count', { keepdims: 0 });
  const room = op('Sub', [graph.floats([], [NEIGHBOURS], 'au.neighbours'), count], 'room');
  const adjacency = op('Clip', [room, ...limits], 'adjacency');
  const degree = op('ReduceSum', [adjacency, last], 'degree', { keepdims: 1 });
  const inverseRoot = op('Reciprocal', [op('Sqrt', [degree], 'root')], 'inverseRoot');
  const across = op('Transpose', [inverseRoot], 'inverseRoot.across', { perm: [0, 2, 1] });
  return op('Mul', [op('Mul', [adjacency, inverseRoot], 'from'), across], 'neighbours');
}

/** The learned centres after ReLU and normalisation: constants. */
function centres(learned: Float32Array, features: number): Float32Array {
  const result = learned.map((value) => Math.max(0, value));
  for (let node = 0; node < NODES; node++) {
    const row = result.subarray(node * features, (node + 1) * features);
    const norm = Math.max(SMALLEST_NORM, Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)));
    row.forEach((value, place) => (row[place] = value / norm));
  }
  return result;
}

function addCosine(graph: GraphBuilder, states: string, normal: Float32Array, features: number, output: string): void {
  const op = (opType: string, inputs: readonly string[], part: string, attributes = {}): string =>
    graph.node(opType, inputs, attributes, { name: `au.${part}` });
  const last = graph.ints([-1], 'au.cosine.axis');
  const shares = op('Mul', [states, graph.floats([1, NODES, features], normal, 'au.centres')], 'shares');
  const along = op('ReduceSum', [shares, last], 'along', { keepdims: 0 });
  const square = op('ReduceSum', [op('Mul', [states, states], 'squares'), last], 'square', { keepdims: 0 });
  const norm = op('Clip', [op('Sqrt', [square], 'length'), graph.floats([], [SMALLEST_NORM], 'au.smallest')], 'norm');
  graph.node('Div', [along, norm], {}, { name: 'au.cosine', outputs: [output] });
}
