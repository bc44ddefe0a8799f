import { fromBinary } from '@bufbuild/protobuf';
import { OnnxLensError } from '../../../errors.js';
import { readBlob } from '../blob.js';
import type { Argument, Operation as OperationMessage, Value as ValueMessage, ValueType } from '../generated/mil_pb.js';
import { ModelSchema, type Model } from '../generated/model_pb.js';
import { BLOB_FILE, milTypeOf, type Constant, type MilData, type MilType } from '../values.js';

/** A value of a package that was read: by name, with its elements where they are known. */
export interface ReadValue {
  readonly name: string;
  readonly type: MilType;
  readonly shape: readonly number[];
  readonly constant?: Constant;
}

/** One operation, its arguments by parameter. */
export interface ReadOperation {
  readonly type: string;
  readonly inputs: ReadonlyMap<string, readonly ReadValue[]>;
  readonly outputs: readonly ReadValue[];
}

/** One function of a package. */
export interface ReadFunction {
  readonly name: string;
  readonly inputs: readonly ReadValue[];
  readonly operations: readonly ReadOperation[];
  readonly outputs: readonly ReadValue[];
}

/** A package that was read from its bytes. */
export interface ReadPackage {
  readonly model: Model;
  readonly functions: readonly ReadFunction[];
}

function damaged(what: string): OnnxLensError {
  return new OnnxLensError('UNSUPPORTED_MODEL', `The package cannot be read: ${what}.`);
}

/**
 * Reads a package from the bytes of its two files.
 * @throws OnnxLensError UNSUPPORTED_MODEL for what is no ML Program, or one that contradicts itself.
 */
export function readPackage(modelFile: Uint8Array, weightFile: Uint8Array): ReadPackage {
  const model = fromBinary(ModelSchema, modelFile);
  if (model.Type.case !== 'mlProgram') throw damaged('it holds no ML Program');
  const functions = Object.entries(model.Type.value.functions).map(([name, each]): ReadFunction => {
    const known = new Map<string, ReadValue>();
    const define = (value: ReadValue): ReadValue => {
      if (known.has(value.name)) throw damaged(`the value "${value.name}" is made twice`);
      known.set(value.name, value);
      return value;
    };
    const inputs = each.inputs.map(({ name: input, type }) => define({ name: input, ...typeOf(input, type) }));
    const block = each.blockSpecializations[each.opset];
    if (block === undefined) throw damaged(`function ${name} has no block for ${each.opset}`);
    const classify = block.operations.find(({ type }) => type === 'classify');
    const operations = block.operations.flatMap((operation) =>
      operation === classify ? [] : readOperation(operation, known, define, weightFile),
    );
    // A classifier's dictionary holds the probabilities that it was given; its label is the likeliest of them.
    const probabilities = classify?.inputs['probabilities'];
    const classes = classify === undefined || probabilities === undefined ? [] : readArgument(probabilities, known);
    const given = new Set(classify?.outputs.map((output) => output.name));
    const plain = block.outputs.filter((output) => !given.has(output));
    const outputs = plain.map((output) => known.get(output) ?? raise(damaged(`output "${output}" is made by nothing`)));
    return { name, inputs, operations, outputs: [...classes, ...outputs] };
  });
  return { model, functions };
}

function raise(error: Error): never {
  throw error;
}

/** Constants define values and are no operations. */
function readOperation(
  operation: OperationMessage,
  known: ReadonlyMap<string, ReadValue>,
  define: (value: ReadValue) => ReadValue,
  weights: Uint8Array,
): ReadOperation[] {
  const { type, inputs, attributes } = operation;
  const outputs = operation.outputs.map(({ name, type: declared }) => ({ name, ...typeOf(name, declared) }));
  if (type === 'const') {
    const [output] = outputs;
    const constant = attributes['val'] === undefined ? undefined : readConstant(attributes['val'], weights);
    if (output === undefined || constant === undefined) throw damaged('a constant has no value');
    if (constant.type !== output.type || constant.shape.join() !== output.shape.join())
      throw damaged(`constant "${output.name}" is not of its type`);
    define({ ...output, constant });
    return [];
  }
  const given = Object.entries(inputs).map(
    ([parameter, argument]) => [parameter, readArgument(argument, known)] as const,
  );
  // Compressed weights are described by attributes.
  const own = type.startsWith('constexpr_')
    ? Object.entries(attributes)
        .filter(([key]) => key !== 'name')
        .map(([key, value]) => {
          const constant = readConstant(value, weights);
          const part: ReadValue = {
            name: `${outputs[0]?.name ?? ''}.${key}`,
            type: constant.type,
            shape: constant.shape,
            constant,
          };
          return [key, [part]] as const;
        })
    : [];
  return [{ type, inputs: new Map<string, readonly ReadValue[]>([...given, ...own]), outputs: outputs.map(define) }];
}

function readArgument(argument: Argument, known: ReadonlyMap<string, ReadValue>): ReadValue[] {
  return argument.arguments.map(({ binding }) => {
    if (binding.case !== 'name') throw damaged('a value stands inside an operation, where only names are read');
    return known.get(binding.value) ?? raise(damaged(`"${binding.value}" is read before it is made`));
  });
}

function typeOf(name: string, type: ValueType | undefined): { type: MilType; shape: number[] } {
  if (type?.type.case !== 'tensorType') throw damaged(`"${name}" is no tensor`);
  const { dataType, dimensions, rank } = type.type.value;
  const own = milTypeOf(dataType);
  if (own === undefined) throw damaged(`"${name}" has an element type that is not read here`);
  if (Number(rank) !== dimensions.length) throw damaged(`"${name}" does not have the axes that it claims`);
  const shape = dimensions.map(({ dimension }) =>
    dimension.case === 'constant' ? Number(dimension.value.size) : raise(damaged(`"${name}" has a free size`)),
  );
  return { type: own, shape };
}

function readConstant(message: ValueMessage, weights: Uint8Array): Constant {
  const { type, shape } = typeOf('a constant', message.type);
  const count = shape.reduce((product, size) => product * size, 1);
  const data = readData(message, type, count, weights);
  if (data.length !== count)
    throw damaged(`a constant holds ${data.length} elements for the shape [${shape.join(', ')}]`);
  return { type, shape, data };
}

function readData({ value }: ValueMessage, type: MilType, count: number, weights: Uint8Array): MilData {
  if (value.case === 'blobFileValue') {
    if (value.value.fileName !== BLOB_FILE) throw damaged(`weights are in ${value.value.fileName}`);
    return readBlob(weights, Number(value.value.offset), type, count);
  }
  if (value.case !== 'immediateValue' || value.value.value.case !== 'tensor') throw damaged('a constant is no tensor');
  const tensor = value.value.value.value.value;
  switch (type) {
    case 'string':
      return tensor.case === 'strings' ? tensor.value.values : raise(damaged('a string holds none'));
    case 'bool':
      return tensor.case === 'bools'
        ? Uint8Array.from(tensor.value.values, Number)
        : raise(damaged('a bool holds none'));
    case 'fp32':
      return tensor.case === 'floats' ? Float32Array.from(tensor.value.values) : raise(damaged('a float holds none'));
    case 'int32':
      return tensor.case === 'ints' ? Int32Array.from(tensor.value.values) : raise(damaged('an int holds none'));
    default: {
      if (tensor.case !== 'bytes') throw damaged('a short constant holds no bytes');
      const bytes = tensor.value.values.slice();
      if (type === 'fp16') return new Uint16Array(bytes.buffer, 0, bytes.length / 2);
      return type === 'int8' ? new Int8Array(bytes.buffer) : bytes;
    }
  }
}
