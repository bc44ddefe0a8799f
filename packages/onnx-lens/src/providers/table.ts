import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
import { readTensor, tensorNumbers } from '../model/tensors.js';
import type { NodeView } from './graph-view.js';
import type { Verdict } from './provider.js';
import type { Reason, Target } from './target.js';

/** One more test of a node whose types and shapes have passed; null when it passes. */
export type Check = (node: NodeView) => Verdict;

/** What a provider asks of one operator, as data. */
export interface TableRule {
  /** Oldest definition that is taken; default 1. */
  readonly minOpset?: number;
  /** Types of the first input; the provider's own when left out. */
  readonly types?: readonly DataType[];
  /** Fewest and most dimensions of the first input. */
  readonly ranks?: readonly [least: number, most: number];
  /** Inputs that must be constants where they are given. */
  readonly constants?: readonly number[];
  readonly check?: Check;
}

/** What a provider asks of every node. */
export interface TableSettings {
  readonly title: string;
  readonly rules: Readonly<Record<string, TableRule>>;
  readonly types: readonly DataType[];
  /** Newest definition that is taken. */
  readonly newestOpset: number;
  /** True where an input with a dimension of 0 is refused. */
  readonly refusesEmpty: boolean;
}

/** Makes a reason. */
export function no(rule: string, text: string): Reason {
  return { rule, text };
}

/**
 * Judges one node by a table of rules: operator, version, static shapes, type, rank, constants, then the operator's own
 * test.
 */
export function judgeByTable(
  node: NodeView,
  { title, rules, types, newestOpset, refusesEmpty }: TableSettings,
): Verdict {
  const { opType } = node;
  const rule = node.domain === '' && Object.hasOwn(rules, opType) ? rules[opType] : undefined;
  if (rule === undefined) return no('op-type', `${title} has no form of ${opType} in ONNX Runtime`);
  const { minOpset = 1 } = rule;
  if (node.sinceVersion < minOpset || node.sinceVersion > newestOpset) {
    return no(
      'opset',
      `${opType} is taken as defined in opset ${minOpset} to ${newestOpset}; this one is of opset ${node.sinceVersion}`,
    );
  }
  return (
    shapes(node, title, refusesEmpty) ??
    firstType(node, rule.types ?? types) ??
    rank(node, rule) ??
    constants(node, rule) ??
    rule.check?.(node) ??
    null
  );
}

function shapes({ inputs }: NodeView, title: string, refusesEmpty: boolean): Verdict {
  for (const { name, shape } of inputs) {
    if (name === '') continue;
    if (shape === null) return no('input-shape.unknown', `the shape of "${name}" is not known, not even its rank`);
    if (shape.some((dim) => typeof dim !== 'number'))
      return no('input-shape.dynamic', `"${name}" has a free dimension; ${title} takes static shapes only`);
    if (refusesEmpty && shape.includes(0)) return no('input-shape.empty', `"${name}" is empty`);
  }
  return null;
}

function firstType({ opType, inputs }: NodeView, types: readonly DataType[]): Verdict {
  const type = inputs[0]?.dataType ?? DataType.UNDEFINED;
  const word = (each: DataType): string => (DataType[each] ?? String(each)).toLowerCase();
  return types.includes(type)
    ? null
    : no('input-type', `${opType} takes ${types.map(word).join(', ')} here, not ${word(type)}`);
}

function rank({ opType, inputs }: NodeView, { ranks }: TableRule): Verdict {
  const found = inputs[0]?.shape?.length ?? 0;
  if (ranks === undefined || (found >= ranks[0] && found <= ranks[1])) return null;
  const wanted = ranks[0] === ranks[1] ? `${ranks[0]}` : `${ranks[0]} to ${ranks[1]}`;
  return no('input-rank', `${opType} takes ${wanted} dimensions; its input has ${found}`);
}

function constants({ opType, inputs }: NodeView, { constants: places = [] }: TableRule): Verdict {
  const computed = places
    .map((place) => inputs[place])
    .find((value) => (value?.name ?? '') !== '' && !value?.isConstant);
  return computed === undefined ? null : no('constant', `${opType} needs "${computed.name}" as a constant`);
}

/** The numbers of a constant input; undefined when it is none. */
export function constantNumbers(node: NodeView, place: number): number[] | undefined {
  const value = node.inputs[place];
  return value?.isConstant === true && value.initializer !== undefined
    ? tensorNumbers(readTensor(value.initializer))
    : undefined;
}

/** A dimension of an input whose shape has passed. */
export function dimensions(node: NodeView, place: number): number[] {
  return (node.inputs[place]?.shape ?? []).map(Number);
}

/** The sentence about rules that nobody has compared with the provider itself. */
export function unchecked(title: string, sources: string, { ort }: Target): string {
  return `Rules of ONNX Runtime's ${title} provider as of ${sources}, applied to ${ort}; they are not checked against the provider itself, some tests of operators were not read, and differences between releases are not known.`;
}
