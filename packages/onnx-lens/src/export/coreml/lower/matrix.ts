import { floatAttribute, intAttribute, stringAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import { lowerEinsum } from './einsum.js';
import { isFloat, type Lower, type Lowering } from './lowering.js';

const matmul: Lower = (node) => {
  const [x, y] = [node.input(0), node.input(1)];
  node.set(product(node, x, y, false, false));
};

/** A matrix product of two values of one axis or more. Constants of one matrix become a linear layer. */
export function product(node: Lowering, x: Value, y: Value, transposeX: boolean, transposeY: boolean): Value {
  const [left, right] = [x.shape.length === 1, y.shape.length === 1];
  const a = left ? node.op('expand_dims', { x, axes: [0] }) : x;
  const b = right ? node.op('expand_dims', { x: y, axes: [1] }) : y;
  const result = node.op('matmul', { x: a, y: b, transpose_x: transposeX, transpose_y: transposeY });
  const axes = [...(left ? [result.shape.length - 2] : []), ...(right ? [result.shape.length - 1] : [])];
  return axes.length === 0 ? result : node.op('squeeze', { x: result, axes });
}

const gemm: Lower = (node) => {
  const [a, b, c] = [node.input(0), node.input(1), node.optional(2)];
  const [alpha, beta] = [floatAttribute(node.node, 'alpha', 1), floatAttribute(node.node, 'beta', 1)];
  const [transA, transB] = [intAttribute(node.node, 'transA', 0) !== 0, intAttribute(node.node, 'transB', 0) !== 0];
  const outputs = b.shape[transB ? 0 : 1] ?? 0;
  const isLinear = b.constant !== undefined && isFloat(a) && !transA && alpha === 1;
  if (
    isLinear &&
    (c === undefined || (c.constant !== undefined && beta === 1 && c.shape.length === 1 && c.shape[0] === outputs))
  ) {
    node.set(node.op('linear', { x: a, weight: transB ? b : transposed(node, b), bias: c }));
    return;
  }
  const raw = node.op('matmul', { x: a, y: b, transpose_x: transA, transpose_y: transB });
  const scaled = alpha === 1 ? raw : node.op('mul', { x: raw, y: node.like(raw, alpha) });
  if (c === undefined || beta === 0) {
    node.set(scaled);
    return;
  }
  node.set(node.op('add', { x: scaled, y: beta === 1 ? c : node.op('mul', { x: c, y: node.like(c, beta) }) }));
};

/** A constant matrix with rows and columns exchanged. */
function transposed(node: Lowering, matrix: Value): Value {
  const { constant } = matrix;
  if (constant === undefined) return node.transpose(matrix, [1, 0]);
  const [rows = 0, columns = 0] = matrix.shape;
  const from = constant.data as Float32Array | Uint16Array;
  const data = constant.type === 'fp16' ? new Uint16Array(from.length) : new Float32Array(from.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) data[column * rows + row] = from[row * columns + column] ?? 0;
  const shape = [columns, rows];
  return { hint: matrix.hint, type: matrix.type, shape, constant: { type: constant.type, shape, data } };
}

/** The scaled product of queries and keys, through softmax, times the values; in four axes. */
const attention: Lower = (node) => {
  const [q, k, v] = [node.input(0), node.input(1), node.input(2)];
  const isPlain =
    [q, k, v].every(({ shape }) => shape.length === 4) && q.shape[1] === k.shape[1] && q.shape[1] === v.shape[1];
  if (!isPlain) node.refuse('its queries, keys and values do not have four axes with as many heads each');
  if (node.has(4) || node.has(5) || [1, 2, 3].some((place) => node.wants(place)))
    node.refuse('it keeps past keys and values');
  if (intAttribute(node.node, 'is_causal', 0) !== 0 || floatAttribute(node.node, 'softcap', 0) !== 0)
    node.refuse('it is causal or capped');
  const scale = floatAttribute(node.node, 'scale', 1 / Math.sqrt(q.shape[3] ?? 1));
  const scores = node.op('matmul', { x: q, y: k, transpose_x: false, transpose_y: true });
  const scaled = node.op('mul', { x: scores, y: node.like(scores, scale) });
  const mask = node.optional(3);
  if (mask?.type === 'bool')
    node.refuse('its mask is made of bools', 'Export it with a mask of numbers that are added');
  const masked = mask === undefined ? scaled : node.op('add', { x: scaled, y: mask });
  const weights = node.op('softmax', { x: masked, axis: -1 });
  node.set(node.op('matmul', { x: weights, y: v, transpose_x: false, transpose_y: false }));
};

const einsum: Lower = (node) => {
  const inputs = node.node.input.map((_, place) => node.input(place));
  node.set(lowerEinsum(node, stringAttribute(node.node, 'equation', ''), inputs));
};

export const MATRIX: Readonly<Record<string, Lower>> = {
  MatMul: matmul,
  Gemm: gemm,
  Einsum: einsum,
  Attention: attention,
};
