import { create } from '@bufbuild/protobuf';
import { BlobWriter } from './blob.js';
import {
  DataType,
  FunctionSchema,
  OperationSchema,
  ValueSchema,
  ValueTypeSchema,
  type Function as MilFunction,
  type Operation as OperationMessage,
} from './generated/mil_pb.js';
import { MilNames } from './names.js';
import { valuesOf, type Operation, type Program } from './program.js';
import { blobValue, immediateValue, scalar, tensorType, type Value } from './values.js';

/** The string by which programs name the operations of a specification. */
export const OPSETS: Readonly<Record<number, string>> = { 6: 'CoreML5', 7: 'CoreML6', 8: 'CoreML7', 9: 'CoreML8' };

/** A function as its message, and the names that its values were given. */
export interface WrittenFunction {
  readonly message: MilFunction;
  readonly names: ReadonlyMap<Value, string>;
}

/** Turns one of a program's outputs, the probabilities of its classes, into a label and a dictionary. */
export interface Classifier {
  /** Place among the program's outputs. */
  readonly output: number;
  readonly labels: readonly string[];
}

/** Names of a classifier's outputs, as coremltools has them. */
export const [LABEL, PROBABILITIES] = ['classLabel', 'classLabel_probs'] as const;

/**
 * Writes one function; its longer constants go to the blob file. Inputs and outputs are named first, so that they keep
 * their names.
 */
export function writeFunction(
  program: Program,
  specification: number,
  blobs: BlobWriter,
  classifier?: Classifier,
): WrittenFunction {
  const names = new Map<Value, string>();
  const fresh = new MilNames();
  for (const name of classifier === undefined ? [] : [LABEL, PROBABILITIES]) fresh.fresh(name);
  for (const value of [...program.inputs, ...program.outputs])
    if (!names.has(value)) names.set(value, fresh.fresh(value.hint));
  const nameOf = (value: Value): string => {
    const name = names.get(value) ?? fresh.fresh(value.hint);
    names.set(value, name);
    return name;
  };
  const messages: OperationMessage[] = [];
  const written = new Set<Value>();
  for (const operation of program.operations) {
    if (operation.type.startsWith('constexpr_')) {
      messages.push(compressedConstant(operation, nameOf, blobs));
      continue;
    }
    for (const value of valuesOf(operation)) {
      if (value.constant === undefined || written.has(value)) continue;
      written.add(value);
      messages.push(constantOperation(value, nameOf(value), blobs));
    }
    messages.push(plainOperation(operation, nameOf));
  }
  const outputs = program.outputs.map(nameOf);
  if (classifier !== undefined) {
    messages.push(classify(outputs[classifier.output] ?? '', classifier.labels));
    outputs.splice(classifier.output, 1);
    outputs.unshift(LABEL, PROBABILITIES);
  }
  const opset = OPSETS[specification] ?? '';
  const message = create(FunctionSchema, {
    inputs: program.inputs.map((value) => ({ name: nameOf(value), type: tensorType(value.type, value.shape) })),
    opset,
    blockSpecializations: { [opset]: { outputs, operations: messages } },
  });
  return { message, names };
}

function constantMessage(value: Value, blobs: BlobWriter) {
  const { constant } = value;
  if (constant === undefined) throw new RangeError(`${value.hint} is no constant.`);
  return BlobWriter.takes(constant) ? blobValue(constant, blobs.add(constant)) : immediateValue(constant);
}

function constantOperation(value: Value, name: string, blobs: BlobWriter): OperationMessage {
  return create(OperationSchema, {
    type: 'const',
    outputs: [{ name, type: tensorType(value.type, value.shape) }],
    attributes: { name: immediateValue(scalar('string', name)), val: constantMessage(value, blobs) },
  });
}

/** Compressed weights hold what they are made of as attributes. */
function compressedConstant(
  { type, inputs, outputs }: Operation,
  nameOf: (value: Value) => string,
  blobs: BlobWriter,
): OperationMessage {
  const [output] = outputs;
  if (output === undefined) throw new RangeError(`${type} has no result.`);
  const attributes = Object.entries(inputs).map(
    ([key, value]) => [key, constantMessage(value as Value, blobs)] as const,
  );
  const name = nameOf(output);
  return create(OperationSchema, {
    type,
    outputs: [{ name, type: tensorType(output.type, output.shape) }],
    attributes: { ...Object.fromEntries(attributes), name: immediateValue(scalar('string', name)) },
  });
}

function plainOperation({ type, inputs, outputs }: Operation, nameOf: (value: Value) => string): OperationMessage {
  const results = outputs.map((value) => ({ name: nameOf(value), type: tensorType(value.type, value.shape) }));
  return create(OperationSchema, {
    type,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([parameter, given]) => [
        parameter,
        {
          arguments: (Array.isArray(given) ? (given as readonly Value[]) : [given as Value]).map((value) => ({
            binding: { case: 'name' as const, value: nameOf(value) },
          })),
        },
      ]),
    ),
    outputs: results,
    attributes: { name: immediateValue(scalar('string', results[0]?.name ?? type)) },
  });
}

/** The classes stand inside the operation: Core ML takes them from nowhere else. */
function classify(probabilities: string, labels: readonly string[]): OperationMessage {
  const word = create(ValueTypeSchema, tensorType('string', []));
  const list = create(ValueSchema, {
    type: {
      type: {
        case: 'listType',
        value: { type: word, length: { dimension: { case: 'constant', value: { size: BigInt(labels.length) } } } },
      },
    },
    value: {
      case: 'immediateValue',
      value: {
        value: { case: 'list', value: { values: labels.map((label) => immediateValue(scalar('string', label))) } },
      },
    },
  });
  const number = create(ValueTypeSchema, { type: { case: 'tensorType', value: { dataType: DataType.FLOAT64 } } });
  const dictionary = create(ValueTypeSchema, {
    type: { case: 'dictionaryType', value: { keyType: word, valueType: number } },
  });
  return create(OperationSchema, {
    type: 'classify',
    inputs: {
      probabilities: { arguments: [{ binding: { case: 'name', value: probabilities } }] },
      classes: { arguments: [{ binding: { case: 'value', value: list } }] },
    },
    outputs: [
      { name: LABEL, type: word },
      { name: PROBABILITIES, type: dictionary },
    ],
    attributes: { name: immediateValue(scalar('string', 'classify')) },
  });
}
