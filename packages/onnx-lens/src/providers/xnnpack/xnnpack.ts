import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import { readTensor, tensorNumbers } from '../../model/tensors.js';
import type { NodeView } from '../graph-view.js';
import type { Provider, ProviderOpinion, Verdict } from '../provider.js';
import type { Reason, Target } from '../target.js';

/*
 * onnxruntime/core/providers/xnnpack/detail/node_support_checker.cc, xnnpack_execution_provider.cc and the
 * IsOnnxNodeSupported of each operator in math/, nn/ and tensor/, as of 1.21.
 */

/** The XNNPACK provider: kernels for the CPU, taken one node at a time, that share the CPU's memory. */
export const xnnpack: Provider = {
  name: 'xnnpack',
  title: 'XNNPACK',
  visitsSubgraphs: 'always',
  provenance: ({ ort }: Target) =>
    `Rules of ONNX Runtime 1.21's XNNPACK provider, read from its source${ort === '1.21' ? '' : `, applied to ${ort} as well`}; not checked against a running provider.`,
  examine(graph): ProviderOpinion {
    const verdicts = new Map<NodeView, Verdict>();
    const verdict = (node: NodeView): Verdict => {
      const known = verdicts.get(node);
      if (known !== undefined) return known;
      const judged = judge(node, verdict);
      verdicts.set(node, judged);
      return judged;
    };
    return {
      verdict,
      dropped: () => null,
      notes: () => [
        'XNNPACK takes nodes one by one; a partition here is a run of them, and nothing is copied at its edges, which lie in the same memory.',
        ...(graph.nodes.some(({ opType }) => QUANTIZED.has(opType))
          ? [
              'Quantized operators and groups of DequantizeLinear, operator and QuantizeLinear are not judged; they count as left to the CPU provider.',
            ]
          : []),
        ...graph.nodes.flatMap((node) => {
          const judged = verdict(node);
          return judged?.rule.startsWith('crash.') === true
            ? [`Opening this model with XNNPACK would fail: ${judged.text}.`]
            : [];
        }),
      ],
    };
  },
};

type Check = (node: NodeView) => Verdict;

const QUANTIZED: ReadonlySet<string> = new Set(['QLinearConv', 'QuantizeLinear', 'DequantizeLinear']);

function no(rule: string, text: string): Reason {
  return { rule, text };
}

function judge(node: NodeView, verdict: Check): Verdict {
  if (QUANTIZED.has(node.opType))
    return no('quantized', `${node.opType} is not judged: the rules of quantized groups are not part of this analysis`);
  const operator = node.domain === '' ? OPERATORS[node.opType] : undefined;
  if (operator === undefined) return fusedActivation(node, verdict);
  if (node.sinceVersion < operator.oldest || node.sinceVersion > operator.newest) {
    return no(
      'opset',
      `${node.opType} is taken as defined in opset ${operator.oldest} to ${operator.newest}; this one is of opset ${node.sinceVersion}`,
    );
  }
  const type = node.inputs[0]?.dataType ?? DataType.UNDEFINED;
  if (!operator.types.includes(type)) {
    return no(
      'input-type',
      `${node.opType} takes ${operator.types.map((each) => DataType[each].toLowerCase()).join(', ')}, not ${DataType[type].toLowerCase()}`,
    );
  }
  return operator.check(node);
}

/** Relu and Clip are taken as the end of the convolution or pooling before them. */
function fusedActivation(node: NodeView, verdict: Check): Verdict {
  if ((node.opType !== 'Relu' && node.opType !== 'Clip') || node.domain !== '') {
    return no('op-type', `XNNPACK has no kernel of ${node.opType} in ONNX Runtime`);
  }
  const before = node.inputEdges.find(({ to }) => to === 0)?.node;
  if (before === undefined || !['Conv', 'MaxPool', 'AveragePool'].includes(before.opType) || verdict(before) !== null) {
    return no(
      'fusion.before',
      `${node.opType} is taken only right after a Conv, MaxPool or AveragePool that is taken itself`,
    );
  }
  const computed = node.opType === 'Clip' && node.inputs.slice(1).some((limit) => !limit.isConstant);
  return computed ? no('fusion.limits', 'Clip is fused only with constant limits') : null;
}

/** Dimensions, -1 where not a number; undefined when the rank is not known. */
function shapeOf(node: NodeView, place: number): number[] | undefined {
  return node.inputs[place]?.shape?.map((dim) => (typeof dim === 'number' ? dim : -1));
}

function show(shape: readonly number[] | undefined): string {
  return shape === undefined ? 'of unknown rank' : `[${shape.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}]`;
}

function numbers(node: NodeView, place: number): number[] | undefined {
  const value = node.inputs[place];
  return value?.isConstant === true && value.initializer !== undefined
    ? tensorNumbers(readTensor(value.initializer))
    : undefined;
}

/** Image operators are built before the first run: all but the batch must be known. */
function knownImage(node: NodeView, ranks: readonly number[]): Verdict {
  const shape = shapeOf(node, 0);
  if (shape === undefined || !ranks.includes(shape.length)) {
    return no('input-rank', `${node.opType} takes ${ranks.join(' or ')} dimensions; the input is ${show(shape)}`);
  }
  return shape.slice(1).includes(-1)
    ? no('input-shape.dynamic', `${node.opType} needs all dimensions but the batch; the input is ${show(shape)}`)
    : null;
}

function padding(node: NodeView): Verdict {
  return stringAttribute(node.proto, 'auto_pad', 'NOTSET') === 'SAME_LOWER'
    ? no('auto-pad', `${node.opType} with auto_pad SAME_LOWER is not taken`)
    : null;
}

const convolution: Check = (node) => {
  const image = knownImage(node, [3, 4]);
  if (image !== null) return image;
  if (node.inputs[1]?.isConstant !== true) return no('conv.weight', `${node.opType}'s weight must be a constant`);
  const bias = node.inputs[2];
  if (bias !== undefined && bias.name !== '' && !bias.isConstant)
    return no('conv.bias', `${node.opType}'s bias must be a constant`);
  return intsAttribute(node.proto, 'pads') === undefined ? padding(node) : null;
};

const pooling: Check = (node) => {
  const image = knownImage(node, [4]);
  if (image !== null) return image;
  if ((node.outputs[1]?.name ?? '') !== '') return no('pool.indices', `${node.opType} with indices is not taken`);
  if (intAttribute(node.proto, 'ceil_mode', 0) !== 0)
    return no('pool.ceil-mode', `${node.opType} with ceil_mode is not taken`);
  const kernel = intsAttribute(node.proto, 'kernel_shape') ?? [];
  if (kernel.length !== 2 || kernel.every((size) => size === 1))
    return no('pool.kernel', `${node.opType} of [${kernel.join(', ')}] is not taken`);
  return padding(node);
};

const averagePooling: Check = (node) => {
  if (intAttribute(node.proto, 'count_include_pad', 0) !== 0)
    return no('pool.count-include-pad', 'AveragePool with count_include_pad is not taken');
  const dilations = intsAttribute(node.proto, 'dilations') ?? [];
  return dilations.some((step) => step !== 1)
    ? no('pool.dilations', 'AveragePool with dilations is not taken')
    : pooling(node);
};

const softmax: Check = (node) => {
  const shape = shapeOf(node, 0);
  if (shape === undefined || shape.length === 0)
    return no('input-rank', `Softmax needs an input of known rank; it is ${show(shape)}`);
  if (node.sinceVersion < 13) return null;
  const axis = intAttribute(node.proto, 'axis', -1);
  if (axis !== -1 && axis !== shape.length - 1)
    return no('softmax.axis', `Softmax is taken along the last axis only, not along ${axis}`);
  return shape[shape.length - 1] === -1
    ? no('input-shape.dynamic', `Softmax needs a known last dimension; the input is ${show(shape)}`)
    : null;
};

const matMul: Check = (node) => {
  // A dimension that is not a number counts as 0 here, as it does in the provider.
  const isUsable = (shape: number[] | undefined): boolean =>
    shape !== undefined && shape.length >= 1 && shape.length <= 2 && shape.every((dim) => dim > 0);
  const [a, b] = [shapeOf(node, 0), shapeOf(node, 1)];
  if (!isUsable(a) || !isUsable(b))
    return no('matmul.shape', `MatMul takes matrices of fixed shape; they are ${show(a)} and ${show(b)}`);
  return node.inputs[1]?.isConstant === true ? null : no('matmul.constant', "MatMul's second input must be a constant");
};

const gemm: Check = (node) => {
  if (floatAttribute(node.proto, 'alpha', 1) !== 1 || floatAttribute(node.proto, 'beta', 1) !== 1) {
    return no('gemm.attributes', 'Gemm is taken with alpha 1 and beta 1');
  }
  if (node.inputs.length < 3)
    return no('crash.gemm-bias', 'Gemm without its third input is read out of bounds by the XNNPACK provider');
  if (node.inputs[1]?.isConstant !== true || node.inputs[2]?.isConstant !== true)
    return no('gemm.constant', "Gemm's inputs B and C must be constants");
  const [a, b, c] = [0, 1, 2].map((place) => shapeOf(node, place));
  if ([a, b, c].some((shape) => shape === undefined || shape.length >= 3))
    return no('gemm.rank', 'Gemm takes at most two dimensions');
  return c?.[0] === b?.[1] || c?.[0] === b?.[0]
    ? null
    : no('gemm.bias', `Gemm's input C ${show(c)} does not fit B ${show(b)}`);
};

const resize: Check = (node) => {
  const shape = shapeOf(node, 0);
  if (shape?.length !== 4 || (shape[1] ?? 0) <= 0)
    return no('input-rank', `Resize takes four dimensions with known channels; the input is ${show(shape)}`);
  return resizeTarget(node, shape) ?? resizeAttributes(node);
};

function resizeTarget(node: NodeView, shape: readonly number[]): Verdict {
  const scales = numbers(node, node.sinceVersion === 10 ? 1 : 2);
  const sizes = node.sinceVersion > 10 ? numbers(node, 3) : undefined;
  if (scales === undefined && sizes === undefined) return no('resize.target', 'Resize needs constant scales or sizes');
  if (scales !== undefined && scales.length > 0) {
    const [, channels, height = 1, width = 1] = scales;
    if (channels !== 1) return no('resize.axes', 'Resize is taken for height and width only');
    const shrinks = height < 1 || width < 1;
    if (shrinks && !(isReciprocalFactor(shape[2] ?? 0, height) && isReciprocalFactor(shape[3] ?? 0, width))) {
      return no(
        'resize.downsampling',
        `Resize shrinks by whole factors of the input's size only; its scales are ${height} and ${width}`,
      );
    }
  }
  return sizes !== undefined && sizes[1] !== shape[1]
    ? no('resize.axes', 'Resize is taken for height and width only')
    : null;
}

/** utils::ReciprocalIsAFactorOfN in core/providers/utils.cc. */
function isReciprocalFactor(size: number, scale: number): boolean {
  if (!(scale > 0 && scale < 1) || size < 0) return false;
  const whole = Math.round(1 / scale);
  return Math.abs(1 / scale - whole) < 1e-4 && size % whole === 0;
}

function resizeAttributes({ proto, sinceVersion, outputs }: NodeView): Verdict {
  const mode = stringAttribute(proto, 'mode', 'nearest');
  if (mode !== 'linear') return no('resize.mode', `Resize is taken with mode linear, not ${mode}`);
  if (intAttribute(proto, 'antialias', 0) !== 0) return no('resize.antialias', 'Resize with antialias is not taken');
  if ((intsAttribute(proto, 'axes') ?? []).length > 0) return no('resize.axes', 'Resize with axes is not taken');
  if (stringAttribute(proto, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    return no('resize.aspect-ratio', 'Resize that keeps the aspect ratio is not taken');
  if (floatAttribute(proto, 'extrapolation_value', 0) !== 0)
    return no('resize.extrapolation', 'Resize with extrapolation_value is not taken');
  const coordinates =
    sinceVersion > 10 ? stringAttribute(proto, 'coordinate_transformation_mode', 'half_pixel') : 'asymmetric';
  const [, , height, width] = outputs[0]?.shape ?? [];
  const beyondOne = typeof height === 'number' && typeof width === 'number' && height > 1 && width > 1;
  const taken = ['asymmetric', 'half_pixel', 'align_corners', ...(beyondOne ? ['pytorch_half_pixel'] : [])];
  if (!taken.includes(coordinates))
    return no('resize.coordinate-mode', `Resize with coordinate_transformation_mode ${coordinates} is not taken`);
  return intAttribute(proto, 'exclude_outside', 0) !== 0
    ? no('resize.exclude-outside', 'Resize with exclude_outside is not taken')
    : null;
}

interface Operator {
  /** Definitions between which the provider registers kernels. */
  readonly oldest: number;
  readonly newest: number;
  /** Types of the first input. float16 is left out: it needs a build for ARM processors that compute in it. */
  readonly types: readonly DataType[];
  readonly check: Check;
}

const FLOAT = [DataType.FLOAT];

const OPERATORS: Readonly<Record<string, Operator>> = {
  Conv: { oldest: 11, newest: 11, types: FLOAT, check: convolution },
  ConvTranspose: { oldest: 11, newest: 11, types: FLOAT, check: convolution },
  MaxPool: { oldest: 8, newest: 12, types: [DataType.FLOAT, DataType.UINT8, DataType.INT8], check: pooling },
  AveragePool: { oldest: 7, newest: 19, types: FLOAT, check: averagePooling },
  Softmax: { oldest: 1, newest: 13, types: FLOAT, check: softmax },
  Resize: { oldest: 10, newest: 19, types: [DataType.FLOAT, DataType.UINT8, DataType.INT8], check: resize },
  Gemm: { oldest: 7, newest: 13, types: FLOAT, check: gemm },
  MatMul: { oldest: 1, newest: 13, types: FLOAT, check: matMul },
};
