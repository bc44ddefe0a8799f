import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorShapeProtoSchema,
  TensorShapeProto_DimensionSchema,
  TypeProtoSchema,
  TypeProto_TensorSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type ValueInfoProto,
} from '../model/generated/onnx_pb.js';
import { Graph } from '../model/graph.js';
import { copyMessage } from '../model/copy.js';

/**
 * Names of the free dimensions of a model's inputs, in order; dimensions without a name are listed as `input[axis]`.
 *
 * @example
 * freeDimensions(loadModel('model.onnx')); // ['batch']
 */
export function freeDimensions(model: ModelProto): string[] {
  if (model.graph === undefined) return [];
  const names = new Graph(model.graph).inputs.flatMap((input) =>
    dimensionsOf(input).flatMap((dim, axis) => {
      if (dim.value.case === 'dimParam' && dim.value.value !== '') return [dim.value.value];
      return dim.value.case === 'dimValue' && dim.value.value >= 0n ? [] : [`${input.name}[${axis}]`];
    }),
  );
  return [...new Set(names)];
}

/**
 * A copy of the model with free dimensions fixed: wherever an input, output or noted value has a dimension of that
 * name.
 *
 * @param sizes by name of the dimension (`batch_size`), or `input[axis]` for one without a name.
 * @throws OnnxLensError USAGE for a dimension that the model does not have.
 *
 * @example
 * const fixed = fixDimensions(loadModel('model.onnx'), { batch: 1 });
 * freeDimensions(fixed); // []
 */
export function fixDimensions(model: ModelProto, sizes: Readonly<Record<string, number>>): ModelProto {
  const { graph } = model;
  if (graph === undefined || Object.keys(sizes).length === 0) return model;
  const known = freeDimensions(model);
  const unknown = Object.keys(sizes).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const has = known.length === 0 ? 'has no free dimension' : `has the free dimensions ${known.join(', ')}`;
    throw new OnnxLensError('USAGE', `There is no free dimension "${unknown.join('", "')}" to fix: the model ${has}.`);
  }
  return copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, graph, {
      input: graph.input.map((value) => fixValue(value, sizes)),
      output: graph.output.map((value) => fixValue(value, sizes)),
      valueInfo: graph.valueInfo.map((value) => fixValue(value, sizes)),
    }),
  });
}

function fixValue(value: ValueInfoProto, sizes: Readonly<Record<string, number>>): ValueInfoProto {
  const { type } = value;
  if (type?.value.case !== 'tensorType') return value;
  const tensor = type.value.value;
  const { shape } = tensor;
  if (shape === undefined) return value;
  const dim = dimensionsOf(value).map((each, axis) => {
    const name =
      each.value.case === 'dimParam' && each.value.value !== '' ? each.value.value : `${value.name}[${axis}]`;
    const size = each.value.case === 'dimValue' ? undefined : sizes[name];
    return size === undefined
      ? each
      : create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } });
  });
  return copyMessage(ValueInfoProtoSchema, value, {
    type: copyMessage(TypeProtoSchema, type, {
      value: {
        case: 'tensorType',
        value: copyMessage(TypeProto_TensorSchema, tensor, {
          shape: copyMessage(TensorShapeProtoSchema, shape, { dim }),
        }),
      },
    }),
  });
}

function dimensionsOf(value: ValueInfoProto) {
  return value.type?.value.case === 'tensorType' ? (value.type.value.value.shape?.dim ?? []) : [];
}
