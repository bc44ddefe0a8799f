import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { intAttribute, makeAttribute } from '../model/attributes.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type NodeProto,
} from '../model/generated/onnx_pb.js';
import { isStandard } from '../model/opset.js';
import { inferShapes, type InferOptions } from './infer.js';
import type { ValueType } from './value-type.js';

/** Types and shapes of a model that ONNX Runtime cannot open here, and the operators at fault, as `Add-6`. */
export interface KernelLessTypes {
  readonly types: Map<string, ValueType>;
  readonly operators: readonly string[];
}

/** Whether ONNX Runtime refused a model only because its CPU provider lacks a kernel, as for definitions of 2017. */
export function lacksKernel(error: unknown): error is OnnxLensError {
  return error instanceof OnnxLensError && error.code === 'RUNTIME_REFUSED' && missingKernel(error) !== undefined;
}

/**
 * Types and shapes of a model with operators that ONNX Runtime's CPU provider has no kernel for. For the inference
 * alone, each such node is replaced by operators with a kernel whose result has the same shape.
 *
 * @throws OnnxLensError RUNTIME_REFUSED when some operator without a kernel has no such stand-in.
 */
export async function inferKernelLess(model: ModelProto, options: InferOptions): Promise<KernelLessTypes> {
  const operators: string[] = [];
  const replaced: NodeProto[] = [];
  let open = model;
  for (;;) {
    try {
      const types = await inferShapes(open, options);
      for (const { input, output } of replaced) {
        const [made, from] = [types.get(output[0] ?? ''), types.get(input[0] ?? '')];
        if (made !== undefined && from !== undefined)
          types.set(output[0] ?? '', { dataType: from.dataType, shape: made.shape });
      }
      return { types, operators };
    } catch (error) {
      const missing = lacksKernel(error) ? missingKernel(error) : undefined;
      if (missing === undefined || open.graph === undefined) throw error;
      const at = (node: NodeProto): boolean => node.opType === missing.opType && isStandard(node.domain);
      const before = replaced.length;
      const node = open.graph.node.flatMap((each) => {
        const standIn = at(each) ? STAND_INS[each.opType]?.(each) : undefined;
        if (standIn === undefined) return [each];
        replaced.push(each);
        return standIn;
      });
      if (replaced.length === before) throw error;
      operators.push(`${missing.opType}-${missing.version}`);
      // A stand-in may compute in another type than the one that is declared.
      const declared = new Set(replaced.map(({ output }) => output[0] ?? ''));
      const output = open.graph.output.map((each) =>
        declared.has(each.name) ? create(ValueInfoProtoSchema, { name: each.name }) : each,
      );
      const valueInfo = open.graph.valueInfo.filter(({ name }) => !declared.has(name));
      const graph = create(GraphProtoSchema, { ...open.graph, node, output, valueInfo });
      open = create(ModelProtoSchema, { ...open, graph });
    }
  }
}

function missingKernel({ message }: OnnxLensError): { opType: string; version: string } | undefined {
  const [, opType, version] = /Could not find an implementation for (\w{1,100})\((\d{1,9})\)/.exec(message) ?? [];
  return opType === undefined || version === undefined ? undefined : { opType, version };
}

type StandIn = (node: NodeProto) => NodeProto[];

/** Only the first output counts: the others of BatchNormalization are of training. */
const first = ({ output }: NodeProto): string[] => output.slice(0, 1);

/** The result has the first input's shape: before opset 7 operands were fitted to the first. */
const likeFirst: StandIn = (node) => [
  create(NodeProtoSchema, { opType: 'Identity', input: node.input.slice(0, 1), output: first(node) }),
];

/** Window sizes count the same in both kinds of pooling. */
const asMaxPool: StandIn = (node) => [
  create(NodeProtoSchema, {
    opType: 'MaxPool',
    input: node.input,
    output: first(node),
    attribute: node.attribute.filter(({ name }) => ['kernel_shape', 'strides', 'pads', 'auto_pad'].includes(name)),
  }),
];

/** A and B are matrices; C is fitted to their product. */
const asMatMul: StandIn = (node) => {
  const [output = ''] = node.output;
  const factors = ['transA', 'transB'].map((flag, place) => {
    const name = node.input[place] ?? '';
    return intAttribute(node, flag, 0) === 0 ? { name, nodes: [] } : transposed(name, `${output}_stand_in_${flag}`);
  });
  return [
    ...factors.flatMap(({ nodes }) => nodes),
    create(NodeProtoSchema, { opType: 'MatMul', input: factors.map(({ name }) => name), output: [output] }),
  ];
};

function transposed(input: string, name: string): { name: string; nodes: NodeProto[] } {
  const attribute = [makeAttribute('perm', [1, 0])];
  return { name, nodes: [create(NodeProtoSchema, { opType: 'Transpose', input: [input], output: [name], attribute })] };
}

/**
 * Operands of integer types without a kernel, broadcast both ways: the sum of their float32 forms has the same shape.
 */
const asSum: StandIn = (node) => {
  const [output = ''] = node.output;
  const casts = node.input.map((input, place) =>
    create(NodeProtoSchema, {
      opType: 'Cast',
      input: [input],
      output: [`${output}_stand_in_${place}`],
      attribute: [makeAttribute('to', 1)],
    }),
  );
  return [
    ...casts,
    create(NodeProtoSchema, { opType: 'Sum', input: casts.flatMap((cast) => cast.output), output: [output] }),
  ];
};

const STAND_INS: Readonly<Record<string, StandIn>> = {
  ...Object.fromEntries(
    ['Add', 'Sub', 'Mul', 'Div', 'PRelu', 'BatchNormalization', 'Dropout'].map((op) => [op, likeFirst]),
  ),
  ...Object.fromEntries(['Abs', 'Neg', 'Sqrt', 'Exp', 'Relu', 'Sigmoid', 'Tanh', 'Clip'].map((op) => [op, likeFirst])),
  ...Object.fromEntries(['Pow', 'Min', 'Max', 'Mod', 'BitShift'].map((op) => [op, asSum])),
  AveragePool: asMaxPool,
  Gemm: asMatMul,
};
