import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../../errors.js';
import { makeAttribute, type AttributeValue } from '../../model/attributes.js';
import { valueInfo } from '../../model/builder.js';
import { copyMessage } from '../../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../model/generated/onnx_pb.js';
import { Graph } from '../../model/graph.js';
import { floatTensor, makeTensorProto } from '../../model/tensors.js';
import { valueType } from '../../shapes/value-type.js';

/** How a network wants its pictures: `(pixel - mean) / std` for each channel, pixels from 0 to 255. */
export interface ImageInput {
  /** One number, or one a channel in the network's own order. Default 0. */
  readonly mean?: readonly number[];
  /** One number, or one a channel. Default 255. */
  readonly std?: readonly number[];
  /** Order of the network's channels. Default 'rgb'. */
  readonly order?: 'rgb' | 'bgr';
}

/**
 * A model whose input is the pixels themselves, [1, channels, height, width] from 0 to 255, whatever the order of its
 * axes was.
 * @throws OnnxLensError USAGE for an input that takes no picture.
 */
export function withImageInput(
  model: ModelProto,
  name: string,
  image: ImageInput,
): { model: ModelProto; colours: 'rgb' | 'bgr' | 'grey' } {
  if (model.graph === undefined) throw new OnnxLensError('NOT_ONNX', 'The model holds no graph.');
  const input = new Graph(model.graph).inputs.find((each) => each.name === name);
  if (input === undefined) {
    const known = new Graph(model.graph).inputs.map((each) => `"${each.name}"`).join(', ');
    throw new OnnxLensError('USAGE', `There is no input "${name}" to take pictures: the model has ${known}.`);
  }
  const { dataType, shape } = valueType(input.type);
  const place =
    shape?.length === 4 && shape[0] === 1
      ? ([1, 3].find((axis) => shape[axis] === 3) ?? [1, 3].find((axis) => shape[axis] === 1))
      : undefined;
  if (place === undefined || shape === null || dataType !== DataType.FLOAT) {
    throw new OnnxLensError(
      'USAGE',
      `Input "${name}" of shape [${shape?.join(', ') ?? '?'}] takes no picture: it must be float32 of four axes, a batch of 1 with 1 or 3 channels at the second place or the last. Fix its sizes with --fix, or leave --image out.`,
    );
  }
  const channels = Number(shape[place]);
  const sizes = place === 1 ? [shape[2], shape[3]] : [shape[1], shape[2]];
  if (sizes.some((size) => typeof size !== 'number'))
    throw new OnnxLensError('USAGE', `Height and width of the picture input "${name}" are free; fix them with --fix.`);
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  let value = name;
  const add = (
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): void => {
    const output = `${name}/${opType.toLowerCase()}`;
    nodes.push(
      create(NodeProtoSchema, {
        name: output,
        opType,
        input: [value, ...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([key, each]) => makeAttribute(key, each)),
      }),
    );
    value = output;
  };
  const perChannel = (label: string, numbers: readonly number[]): string => {
    const own = `${name}/${label}`;
    const values = Array.from({ length: channels }, (_, channel) => numbers[channel] ?? numbers[0] ?? 0);
    constants.push(makeTensorProto(own, floatTensor([1, channels, 1, 1], values)));
    return own;
  };
  const { mean = [0], std = [255], order = 'rgb' } = image;
  if (std.some((each) => each === 0))
    throw new OnnxLensError('USAGE', 'A standard deviation of the picture is 0; give numbers above 0.');
  // The definition itself: on some networks a product and a sum in its place would round visibly otherwise.
  if (mean.some((each) => each !== 0)) add('Sub', [perChannel('mean', mean)]);
  if (std.some((each) => each !== 1)) add('Div', [perChannel('std', std)]);
  if (place === 3) add('Transpose', [], { perm: [0, 2, 3, 1] });
  const rename = (each: string): string => (each === name ? value : each);
  const graph = copyMessage(GraphProtoSchema, model.graph, {
    input: model.graph.input.map((each) =>
      each.name === name ? valueInfo(name, DataType.FLOAT, [1, channels, ...sizes]) : each,
    ),
    node: [
      ...nodes,
      ...model.graph.node.map((node) => copyMessage(NodeProtoSchema, node, { input: node.input.map(rename) })),
    ],
    initializer: [...constants, ...model.graph.initializer],
  });
  if (model.graph.output.some((each) => each.name === name))
    throw new OnnxLensError('USAGE', `Input "${name}" is also an output, and cannot become a picture.`);
  return { model: copyMessage(ModelProtoSchema, model, { graph }), colours: channels === 1 ? 'grey' : order };
}
