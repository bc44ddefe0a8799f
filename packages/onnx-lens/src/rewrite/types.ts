import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type TensorProto,
} from '../model/generated/onnx_pb.js';
import { valueInfo } from '../model/builder.js';
import { elementCount, tensorDims } from '../model/tensors.js';
import { completeBatch } from './batch-symbol.js';
import { copyMessage } from '../model/copy.js';
import { inferShapes } from '../shapes/infer.js';
import type { ValueType } from '../shapes/value-type.js';

/** Shapes, axes and other parameters that inference may need to know are small; weights are not. */
const LARGEST_PARAMETER = 256;

/**
 * Types and shapes of all values of the main graph, without handing the weights to ONNX Runtime: large initializers are
 * replaced by inputs of the same type and shape, which for inference is the same and a hundred times faster.
 *
 * @throws OnnxLensError RUNTIME_REFUSED.
 */
export async function inferTypes(model: ModelProto): Promise<Map<string, ValueType>> {
  const { graph } = model;
  if (graph === undefined) return new Map();
  const listed = new Set(graph.input.map((input) => input.name));
  const heavy = graph.initializer.filter((tensor) => isHeavy(tensor) && !listed.has(tensor.name));
  const gone = new Set(heavy);
  const light = copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, graph, {
      // Exporters give each output free dimensions of its own; without them inference finds the input's names again.
      output: graph.output.map(({ name }) => create(ValueInfoProtoSchema, { name })),
      initializer: graph.initializer.filter((tensor) => !gone.has(tensor)),
      input: [...graph.input, ...heavy.map((tensor) => valueInfo(tensor.name, dataTypeOf(tensor), tensorDims(tensor)))],
    }),
  });
  const types = await inferShapes(light).catch(() => {
    // Some operators insist on constant weights (quantized ones do); those models are asked about whole.
    return inferShapes(model);
  });
  completeBatch(graph, types);
  return types;
}

function isHeavy(tensor: TensorProto): boolean {
  return elementCount(tensorDims(tensor)) > LARGEST_PARAMETER;
}

function dataTypeOf(tensor: TensorProto): DataType {
  return tensor.dataType ?? DataType.UNDEFINED;
}
