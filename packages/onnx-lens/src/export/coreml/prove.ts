import { OnnxLensError } from '../../errors.js';
import { GraphBuilder, valueInfo } from '../../model/builder.js';
import { copyMessage } from '../../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
} from '../../model/generated/onnx_pb.js';
import { Graph } from '../../model/graph.js';
import { valueType } from '../../shapes/value-type.js';
import type { EncodedPackage } from './package.js';
import { MODEL_PATH, WEIGHTS_PATH } from './package.js';
import { withRoundedHalves } from './read/half-rounding.js';
import { readPackage, type ReadFunction } from './read/reader.js';
import { restoreInto } from './read/restore.js';
import { dataTypeOf, RESTORED_OPSET } from './read/restoring.js';

/** Joins the pieces of one of a package's files. */
export function fileOf({ files }: EncodedPackage, path: string): Uint8Array<ArrayBuffer> {
  const pieces = files.get(path) ?? [];
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads the functions of a package back from its bytes. */
export function functionsOf(encoded: EncodedPackage): readonly ReadFunction[] {
  return readPackage(fileOf(encoded, MODEL_PATH), fileOf(encoded, WEIGHTS_PATH)).functions;
}

/** Prefix of the restored values' names, so that none meets a name of the original's. */
const OWN = 'coreml/';

/**
 * A package's function as an ONNX model with the very inputs and outputs of the original: their names, types and
 * shapes. What the package itself computes was read from its bytes alone.
 *
 * @param original whose inputs and outputs are wanted; their sizes must be fixed.
 */
export function restoreAs(original: ModelProto, encoded: EncodedPackage, read: ReadFunction): ModelProto {
  if (original.graph === undefined) throw new OnnxLensError('NOT_ONNX', 'The model holds no graph.');
  const features = encoded.functions.find(({ name }) => name === read.name);
  if (features === undefined) throw new OnnxLensError('UNSUPPORTED_MODEL', `The package has no function ${read.name}.`);
  const builder = new GraphBuilder('restored');
  const source = new Graph(original.graph);
  for (const input of source.inputs) {
    const { dataType, shape } = valueType(input.type);
    const place = features.inputs.findIndex(({ onnxName }) => onnxName === input.name);
    builder.input(input.name, dataType, shape ?? []);
    const value = read.inputs[place];
    if (value === undefined) continue;
    const shaped =
      value.shape.length === shape?.length
        ? input.name
        : builder.node('Reshape', [input.name, builder.ints(value.shape)]);
    builder.node('Cast', [shaped], { to: dataTypeOf(value.type) }, { outputs: [OWN + value.name] });
  }
  restoreInto(builder, read, (name) => OWN + name);
  const outputs = new Map(source.outputs.map((output) => [output.name, output]));
  for (const [name, { type }] of outputs) {
    const place = features.outputs.findIndex(({ onnxName }) => onnxName === name);
    const value = read.outputs[place];
    if (value === undefined) throw new OnnxLensError('UNSUPPORTED_MODEL', `The package gives no output for "${name}".`);
    const { dataType, shape } = valueType(type);
    const isScalar = shape?.length === 0 && value.shape.length === 1;
    const shaped = isScalar ? builder.node('Squeeze', [OWN + value.name, builder.ints([0])]) : OWN + value.name;
    builder.node(
      'Cast',
      [shaped],
      { to: dataType === DataType.UNDEFINED ? dataTypeOf(value.type) : dataType },
      { outputs: [name] },
    );
  }
  for (const { name, type } of source.outputs) {
    const { dataType } = valueType(type);
    const place = features.outputs.findIndex((each) => each.onnxName === name);
    builder.output(
      name,
      dataType === DataType.UNDEFINED ? dataTypeOf(read.outputs[place]?.type ?? 'fp32') : dataType,
      outputShape(type, read.outputs[place]?.shape ?? []),
    );
  }
  return builder.toModel({ opset: RESTORED_OPSET, irVersion: 9 });
}

function outputShape(type: Parameters<typeof valueType>[0], own: readonly number[]): readonly number[] {
  return valueType(type).shape?.length === 0 ? [] : own;
}

/** The restored model with more of its values as outputs: for looking into it. */
export function withOutputs(model: ModelProto, names: readonly string[]): ModelProto {
  if (model.graph === undefined) return model;
  const output = names.map((name) => valueInfo(name, DataType.FLOAT, []));
  for (const each of output) if (each.type?.value.case === 'tensorType') delete each.type.value.value.shape;
  return copyMessage(ModelProtoSchema, model, { graph: copyMessage(GraphProtoSchema, model.graph, { output }) });
}

/** The package as {@link restoreAs} has it, but rounded as a device rounds: each operation's halves. */
export function restoreRounding(original: ModelProto, encoded: EncodedPackage, read: ReadFunction): ModelProto {
  const made = read.operations.flatMap(({ outputs }) => outputs.filter(({ type }) => type === 'fp16'));
  return withRoundedHalves(restoreAs(original, encoded, read), new Set(made.map(({ name }) => restoredName(name))));
}

/** How a value of the package is called in the restored model. */
export function restoredName(name: string): string {
  return OWN + name;
}
