import { create } from '@bufbuild/protobuf';
import { intAttribute, makeAttribute } from '../../../model/attributes.js';
import { copyMessage } from '../../../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../model/generated/onnx_pb.js';
import { floatTensor, makeTensorProto, readTensor, tensorNumbers } from '../../../model/tensors.js';

/**
 * A restored model whose halves are float32 numbers, rounded to halves where an operation of the package ends.
 *
 * ONNX Runtime has no half kernels for most operators on the CPU. It computes them in float32 and drops the casts between
 * them, so that a graph of float16 values is rounded hardly anywhere, and its error would say nothing.
 *
 * @param halves names of the values that operations of the package give as halves.
 */
export function withRoundedHalves(model: ModelProto, halves: ReadonlySet<string>): ModelProto {
  const { graph } = model;
  if (graph === undefined || halves.size === 0) return model;
  const given = new Set(graph.output.map(({ name }) => name));
  const node = graph.node.flatMap((each): NodeProto[] => {
    const isInner = each.opType === 'Cast' && !each.output.some((name) => given.has(name));
    const widened =
      isInner && intAttribute(each, 'to') === DataType.FLOAT16
        ? copyMessage(NodeProtoSchema, each, { attribute: [makeAttribute('to', DataType.FLOAT)] })
        : each;
    const rounded = each.output.filter((name) => halves.has(name));
    if (rounded.length === 0) return [widened];
    const exact = (name: string): string => (halves.has(name) ? `${name}/exact` : name);
    return [
      copyMessage(NodeProtoSchema, widened, { output: widened.output.map(exact) }),
      ...rounded.flatMap((name) => [
        cast(exact(name), `${name}/half`, DataType.FLOAT16),
        cast(`${name}/half`, name, DataType.FLOAT),
      ]),
    ];
  });
  const initializer = graph.initializer.map(widenedTensor);
  return copyMessage(ModelProtoSchema, model, { graph: copyMessage(GraphProtoSchema, graph, { node, initializer }) });
}

function cast(from: string, output: string, to: DataType): NodeProto {
  const attribute = [makeAttribute('to', to)];
  return create(NodeProtoSchema, { opType: 'Cast', name: output, input: [from], output: [output], attribute });
}

function widenedTensor(tensor: TensorProto): TensorProto {
  if ((tensor.dataType as DataType) !== DataType.FLOAT16) return tensor;
  const own = readTensor(tensor);
  return makeTensorProto(tensor.name, floatTensor(own.dims, tensorNumbers(own)));
}
