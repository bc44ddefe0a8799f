import { floatsToHalves } from '../../model/tensors.js';
import { formOf } from './parameters.js';
import { valuesOf, type Operation, type Program } from './program.js';
import { scalar, type Constant, type MilType, type Value } from './values.js';

/** Largest finite half, smallest normal one, and what coremltools writes for a number that would become zero. */
const LARGEST_HALF = 65504;
const SMALLEST_NORMAL = 2 ** -14;
const SMALLEST_KEPT = 2 ** -24;
/** From here on a number stands for infinity (masks, open ends of clips) and may be cut. */
const AS_GOOD_AS_INFINITE = 1e38;
/** Sums of more elements than this lose digits in half. */
const MOST_SUMMED = 4096;

const SUMS = new Set([
  'reduce_sum',
  'reduce_sum_square',
  'reduce_l1_norm',
  'reduce_l2_norm',
  'reduce_mean',
  'reduce_prod',
  'cumsum',
]);
/** Operations that make much of a number near zero. */
const SHARP = new Set(['real_div', 'inverse', 'rsqrt', 'sqrt', 'log', 'pow']);
const MOVES = new Set(['reshape', 'transpose', 'expand_dims', 'squeeze', 'tile', 'identity']);

/**
 * Which operations stay in float32, and why: those with numbers that halves do not hold, those that divide by or take
 * roots and logarithms of what is kept just above zero, sums over thousands, and those whose values were seen to be
 * beyond halves.
 *
 * @param largest of each value, as measured.
 */
export function staysFloat(program: Program, largest: ReadonlyMap<Value, number>): Map<Operation, string> {
  const kept = new Map<Operation, string>();
  const sharpened = new Set<Value>();
  for (const operation of program.operations) {
    const { outputs, type } = operation;
    const values = valuesOf(operation);
    if (![...values, ...outputs].some((value) => value.type === 'fp32')) continue;
    const keep = (reason: string): void => {
      if (!kept.has(operation)) kept.set(operation, reason);
    };
    for (const { constant } of values) {
      if (constant?.type !== 'fp32') continue;
      const beyond = (constant.data as Float32Array).find(
        (each) => Math.abs(each) > LARGEST_HALF && Math.abs(each) < AS_GOOD_AS_INFINITE,
      );
      if (beyond !== undefined) keep(`a constant of ${beyond.toPrecision(3)} is beyond half floats`);
      const [only] = constant.data.length === 1 ? (constant.data as Float32Array) : [];
      if (only === undefined || only === 0 || Math.abs(only) >= SMALLEST_NORMAL || isEpsilonOfNorm(operation)) continue;
      keep(`a constant of ${only.toPrecision(3)} is too near zero for half floats`);
      for (const output of outputs) sharpened.add(output);
    }
    if (values.some((value) => sharpened.has(value))) {
      if (SHARP.has(type)) keep('it works on numbers kept just above zero');
      if (MOVES.has(type) || type === 'sqrt') {
        if (MOVES.has(type)) keep('it passes on numbers kept just above zero');
        for (const output of outputs) sharpened.add(output);
      }
    }
    if (type === 'lstm' || type === 'rnn') keep('it feeds its results back, step after step');
    if (SUMS.has(type) && summedOver(operation) > MOST_SUMMED) keep(`it sums over ${summedOver(operation)} values`);
    const most = Math.max(...[...values, ...outputs].map((value) => largest.get(value) ?? 0));
    if (most > LARGEST_HALF / 2) keep(`its values reach ${most.toPrecision(3)}`);
  }
  return kept;
}

function isEpsilonOfNorm({ type }: Operation): boolean {
  return type.endsWith('_norm') && !type.startsWith('reduce');
}

function summedOver({ inputs, outputs }: Operation): number {
  const [from] = [inputs['x']].flat() as (Value | undefined)[];
  const count = (value: Value | undefined): number => value?.shape.reduce((product, size) => product * size, 1) ?? 1;
  return count(from) / Math.max(1, count(outputs[0]));
}

/** The program in half floats, but for some operations; inputs and outputs keep their types. */
export function toHalf(program: Program, kept: ReadonlySet<Operation>): Program {
  const operations: Operation[] = [];
  const halves = new Map<Value, Value>();
  const fulls = new Map<Value, Value>();
  const cast = (from: Value, hint: string, type: MilType): Value => {
    const dtype = scalar('string', type);
    const to: Value = { hint, type, shape: from.shape };
    operations.push({
      type: 'cast',
      inputs: { x: from, dtype: { hint: `${hint}_dtype`, type: 'string', shape: [], constant: dtype } },
      outputs: [to],
      source: 'half floats',
    });
    return to;
  };
  const remembered = (known: Map<Value, Value>, value: Value, make: () => Value): Value => {
    const found = known.get(value) ?? make();
    known.set(value, found);
    return found;
  };
  const half = (value: Value): Value =>
    remembered(halves, value, () =>
      value.constant === undefined
        ? cast(fulls.get(value) ?? value, `${value.hint}_half`, 'fp16')
        : halfConstant(value, value.constant),
    );
  const full = (value: Value): Value =>
    remembered(fulls, value, () => {
      const own = halves.get(value);
      return own === undefined || value.constant !== undefined ? value : cast(own, `${value.hint}_full`, 'fp32');
    });
  for (const operation of program.operations) {
    const isKept = kept.has(operation);
    const stays = new Set(
      formOf(operation.type)
        .parameters.filter(({ kind }) => kind === 'float')
        .map(({ name }) => name),
    );
    const convert = (value: Value): Value => (value.type !== 'fp32' ? value : isKept ? full(value) : half(value));
    const inputs = Object.fromEntries(
      Object.entries(operation.inputs).map(([name, given]) => {
        if (stays.has(name)) return [name, given];
        if (name === 'dtype' && !isKept && (given as Value).constant?.data[0] === 'fp32') {
          const hint = (given as Value).hint;
          return [name, { hint, type: 'string' as const, shape: [], constant: scalar('string', 'fp16') }];
        }
        return [name, Array.isArray(given) ? (given as readonly Value[]).map(convert) : convert(given as Value)];
      }),
    );
    const outputs = operation.outputs.map((value): Value => {
      if (value.type !== 'fp32') return value;
      const own: Value = { ...value, type: isKept ? 'fp32' : 'fp16' };
      (isKept ? fulls : halves).set(value, own);
      return own;
    });
    operations.push({ ...operation, inputs, outputs });
  }
  const outputs = program.outputs.map((value) => {
    if (value.type !== 'fp32') return value;
    const own = fulls.get(value);
    return own ?? cast(half(value), value.hint, 'fp32');
  });
  return { inputs: program.inputs, operations, outputs };
}

/** A constant in halves; beyond their range it is cut, and a single number does not become zero. */
function halfConstant(value: Value, constant: Constant): Value {
  const data = floatsToHalves(constant.data as Float32Array);
  const [only] = constant.data.length === 1 ? (constant.data as Float32Array) : [];
  if (only !== undefined && only !== 0 && Math.abs(only) < SMALLEST_KEPT) data[0] = only > 0 ? 1 : 0x8001;
  return {
    hint: value.hint,
    type: 'fp16',
    shape: value.shape,
    constant: { type: 'fp16', shape: constant.shape, data },
  };
}
