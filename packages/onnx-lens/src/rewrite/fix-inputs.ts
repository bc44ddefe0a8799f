import { OnnxLensError } from '../errors.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
} from '../model/generated/onnx_pb.js';
import { copyMessage } from '../model/copy.js';
import { Graph } from '../model/graph.js';
import { elementCount, makeTensorProto, type Tensor } from '../model/tensors.js';
import { floatsOfType } from './emitter.js';

/** Values of inputs to fix: one number for all elements, or one for each. */
export type InputValues = Readonly<Record<string, readonly number[]>>;

/**
 * A copy of a model in which inputs are constants: the caller no longer gives them, and what is computed from them
 * alone (a branch that a sampling rate chooses) is known before a run.
 *
 * @throws OnnxLensError USAGE for an input that the model does not have, whose shape is free, or that takes other
 *   numbers.
 */
export function fixInputs(model: ModelProto, values: InputValues): ModelProto {
  const { graph } = model;
  const names = Object.keys(values);
  if (graph === undefined || names.length === 0) return model;
  const inputs = new Map(new Graph(graph).inputs.map((input) => [input.name, input]));
  const constants = names.map((name) => {
    const type = inputs.get(name)?.type;
    if (type?.value.case !== 'tensorType') {
      throw new OnnxLensError(
        'USAGE',
        `There is no input "${name}" to fix: the model has the inputs ${[...inputs.keys()].join(', ')}.`,
      );
    }
    const { elemType, shape } = type.value.value;
    const dims = (shape?.dim ?? []).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : -1));
    if (dims.some((dim) => dim < 0))
      throw new OnnxLensError('USAGE', `Input "${name}" has free dimensions; fix them with --fix before its value.`);
    return makeTensorProto(name, constantOf(name, elemType, dims, values[name] ?? []));
  });
  return copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, graph, {
      input: graph.input.filter((input) => !names.includes(input.name)),
      initializer: [...graph.initializer, ...constants],
    }),
  });
}

/**
 * The tensor of a fixed input.
 * @throws OnnxLensError USAGE for a type that takes no numbers here, or for another number of values than elements.
 */
export function constantOf(
  name: string,
  dataType: DataType,
  dims: readonly number[],
  values: readonly number[],
): Tensor {
  const count = elementCount(dims);
  if (values.length !== 1 && values.length !== count) {
    throw new OnnxLensError('USAGE', `Input "${name}" has ${count} elements; give one value for all, or ${count}.`);
  }
  const all = Array.from({ length: count }, (_, at) => values[values.length === 1 ? 0 : at] ?? 0);
  const isWhole = all.every((value) => Number.isSafeInteger(value));
  switch (dataType) {
    case DataType.FLOAT:
    case DataType.FLOAT16:
    case DataType.DOUBLE:
      return floatsOfType(dataType, dims, all);
    case DataType.INT64:
      if (isWhole) return { dataType, dims, data: BigInt64Array.from(all, (value) => BigInt(value)) };
      break;
    case DataType.INT32:
      if (isWhole) return { dataType, dims, data: Int32Array.from(all) };
      break;
    case DataType.BOOL:
    case DataType.UINT8:
      if (isWhole) return { dataType, dims, data: Uint8Array.from(all) };
      break;
    default:
  }
  throw new OnnxLensError(
    'USAGE',
    `Input "${name}" of type ${DataType[dataType]} cannot be fixed to ${values.join(', ')}.`,
  );
}
