import { OnnxLensError } from '../../errors.js';
import { floatToHalf } from '../../model/tensors.js';
import { inferResults, type Inputs } from './inference.js';
import { formOf, type Parameter } from './parameters.js';
import { scalar, vector, type Constant, type MilType, type Value } from './values.js';

/** One operation of a program. Constants are inputs with known elements, not operations. */
export interface Operation {
  readonly type: string;
  readonly inputs: Inputs;
  readonly outputs: readonly Value[];
  /** The ONNX node that it was made for. */
  readonly source: string;
}

/** Every value that an operation reads. */
export function valuesOf({ inputs }: Operation): readonly Value[] {
  return Object.values(inputs).flatMap((given): readonly Value[] =>
    isValues(given) ? given : isValue(given) ? [given] : [],
  );
}

/** A program before it is written: one function. */
export interface Program {
  readonly inputs: readonly Value[];
  readonly operations: readonly Operation[];
  readonly outputs: readonly Value[];
}

/** What a parameter may be given: a value, several, or plain numbers and words that become constants. */
export type Given =
  Value | readonly Value[] | number | boolean | string | readonly number[] | readonly boolean[] | undefined;

/** Core ML's tensors have at most this many axes. */
export const MOST_AXES = 5;

/** Makes a program operation by operation. */
export class ProgramBuilder {
  readonly specification: number;
  readonly #operations: Operation[] = [];
  /** The ONNX node whose operations are being made. */
  source = '';

  constructor(specification: number) {
    this.specification = specification;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /**
   * Adds an operation. Plain numbers become constants of the type that the parameter wants.
   * @throws RangeError for a parameter that is missing or unknown, or a type that the operation does not take.
   */
  add(type: string, given: Readonly<Record<string, Given>>, hint: string): readonly Value[] {
    const form = formOf(type);
    const own = elementType(type, given);
    const inputs: Record<string, Value | readonly Value[]> = {};
    for (const parameter of form.parameters) {
      if (parameter.since > this.specification) continue;
      const value = given[parameter.name];
      if (value === undefined) {
        if (parameter.kind.endsWith('?')) continue;
        throw new RangeError(`${type} needs ${parameter.name}.`);
      }
      inputs[parameter.name] = asInput(parameter, value, own, `${hint}_${parameter.name}`);
    }
    const outputs = inferResults(type, inputs).map((result, place) => {
      if (result.shape.length > MOST_AXES) throw tooManyAxes(result.shape);
      return { hint: place === 0 ? hint : `${hint}_${place}`, ...result };
    });
    this.#operations.push({ type, inputs, outputs, source: this.source });
    return outputs;
  }
}

export function tooManyAxes(shape: readonly number[]): OnnxLensError {
  return new OnnxLensError(
    'UNSUPPORTED_MODEL',
    `a value of shape [${shape.join(', ')}] has more than the ${MOST_AXES} axes that Core ML takes`,
  );
}

/** The type of the first tensor given, which the operation's other tensors and numbers share. */
function elementType(type: string, given: Readonly<Record<string, Given>>): MilType {
  const { parameters, types } = formOf(type);
  const first = parameters.find(({ name, kind }) => kind.startsWith('tensor') && given[name] !== undefined);
  const value = first === undefined ? undefined : given[first.name];
  const own = isValue(value) ? value.type : isValues(value) ? (value[0]?.type ?? 'fp32') : 'fp32';
  const fits =
    types === 'any' ||
    (types === 'bool' ? own === 'bool' : own === 'fp32' || own === 'fp16' || (types === 'number' && own === 'int32'));
  if (!fits) throw new RangeError(`${type} does not take ${own}.`);
  return own;
}

function isValue(given: Given): given is Value {
  return typeof given === 'object' && 'hint' in given;
}

function isValues(given: Given): given is readonly Value[] {
  return Array.isArray(given) && given.every((each: unknown) => typeof each === 'object');
}

function asInput({ name, kind }: Parameter, given: Given, own: MilType, hint: string): Value | readonly Value[] {
  if (isValue(given)) {
    if (given.view !== undefined) throw tooManyAxes(given.shape);
    return given;
  }
  if (kind === 'tensors' && isValues(given)) return given;
  const make = (constant: Constant): Value => ({ hint, type: constant.type, shape: constant.shape, constant });
  switch (kind) {
    case 'number':
      return make(
        own === 'fp16'
          ? { type: 'fp16', shape: [], data: Uint16Array.of(halfOf(Number(given))) }
          : scalar(own, Number(given)),
      );
    case 'float':
      return make(scalar('fp32', Number(given)));
    case 'int':
    case 'int?':
      return make(scalar('int32', Number(given)));
    case 'ints':
    case 'ints?':
      return make(vector('int32', given as readonly number[]));
    case 'bool':
      return make(scalar('bool', Number(given)));
    case 'bools':
      return make(vector('bool', (given as readonly boolean[]).map(Number)));
    case 'string':
      return make(scalar('string', typeof given === 'string' ? given : ''));
    default:
      throw new RangeError(`${name} must be a value.`);
  }
}

/** The nearest half to a number, cut to the largest finite one. */
function halfOf(value: number): number {
  return floatToHalf(Math.min(Math.max(value, -65504), 65504));
}
