import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type ModelProto,
} from './generated/onnx_pb.js';

/**
 * A message with the fields of another and some of them changed; what the fields hold is shared, not copied.
 *
 * (A spread would lose the message's prototype, and with it the defaults of fields that are not set.)
 */
export function copyMessage<T extends DescMessage>(
  schema: T,
  message: MessageShape<T>,
  changes: Partial<MessageShape<T>> = {},
): MessageShape<T> {
  return Object.assign(create(schema), message, changes);
}

/** A copy of a model whose nodes and lists can be changed without changing the model; tensors' bytes are shared. */
export function copyGraphOf(model: ModelProto): ModelProto {
  const { graph } = model;
  const opsetImport = model.opsetImport.map((entry) => copyMessage(OperatorSetIdProtoSchema, entry));
  if (graph === undefined) return copyMessage(ModelProtoSchema, model, { opsetImport });
  return copyMessage(ModelProtoSchema, model, {
    opsetImport,
    graph: copyMessage(GraphProtoSchema, graph, {
      node: graph.node.map((node) =>
        copyMessage(NodeProtoSchema, node, { input: [...node.input], output: [...node.output] }),
      ),
      initializer: [...graph.initializer],
      // Shapes that the exporter noted no longer hold after a change, and ONNX Runtime finds them itself.
      valueInfo: [],
    }),
  });
}
