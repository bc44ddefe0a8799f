import { floatAttribute, intAttribute } from '../../model/attributes.js';
import type { Tensor } from '../../model/tensors.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * The first matrix product behind an image.
 *
 * Pattern: Gemm (plain, constant matrix) of the only use of a Flatten or Reshape of [batch, C, H, W] to [batch, C*H*W]
 * with a free batch. Emits: Conv whose kernel is the whole image, and Squeeze. Helps: the Core ML provider, which takes
 * no Reshape with a free batch; classifiers of the older kind (VGG, AlexNet).
 */
export const flattenConv: Rewrite = {
  name: 'flatten-conv',
  summary: 'writes Flatten and Gemm with a free batch as one convolution of the whole image',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [flat = '', matrixName, biasName = ''] = node.input;
    const flatten = bench.producer(flat);
    const [image = ''] = flatten?.input ?? [];
    const shape = bench.shape(image);
    const area = shape?.slice(1).map(Number) ?? [];
    if (
      node.opType !== 'Gemm' ||
      node.domain !== '' ||
      (flatten?.opType !== 'Flatten' && flatten?.opType !== 'Reshape')
    )
      return false;
    if (
      shape?.length !== 4 ||
      typeof shape[0] === 'number' ||
      area.some((dim) => !(dim > 0)) ||
      bench.soleConsumer(flat) !== node
    )
      return false;
    const count = area.reduce((product, dim) => product * dim, 1);
    const flatShape = bench.shape(flat);
    const isPlain =
      floatAttribute(node, 'alpha', 1) === 1 &&
      floatAttribute(node, 'beta', 1) === 1 &&
      intAttribute(node, 'transA', 0) === 0;
    if (!isPlain || flatShape?.length !== 2 || flatShape[1] !== count || typeof flatShape[0] === 'number') return false;
    const kernel = kernelOf(bench, matrixName, intAttribute(node, 'transB', 0) !== 0, area);
    const outputs = kernel?.dims[0] ?? 0;
    const bias = biasName === '' ? undefined : bench.constant(biasName);
    if (
      kernel === undefined ||
      (biasName !== '' && (bias?.data.length !== outputs || (bias.dims[bias.dims.length - 1] ?? 0) !== outputs))
    )
      return false;
    bench.replace(node, (emit) => {
      const weights = emit.constant(kernel, 'kernel');
      const offsets = bias === undefined ? [] : [emit.constant({ ...bias, dims: [outputs] }, 'bias')];
      return emit.squeeze(emit.node('Conv', [image, weights, ...offsets], { kernel_shape: area.slice(1) }), [2, 3]);
    });
    return true;
  },
};

/** The matrix as [outputs, C, H, W]: its rows are images when it is transposed, its columns otherwise. */
function kernelOf(
  bench: Workbench,
  name: string | undefined,
  isTransposed: boolean,
  area: readonly number[],
): Tensor | undefined {
  const matrix = bench.constant(name);
  const count = area.reduce((product, dim) => product * dim, 1);
  if (matrix?.dims.length !== 2 || matrix.dims[isTransposed ? 1 : 0] !== count) return undefined;
  const outputs = matrix.dims[isTransposed ? 0 : 1] ?? 0;
  if (isTransposed) return { ...matrix, dims: [outputs, ...area] };
  const data = matrix.data.slice();
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < outputs; column++)
      data[column * count + row] = matrix.data[row * outputs + column] as never; // of the same array type
  }
  return { dataType: matrix.dataType, dims: [outputs, ...area], data };
}
