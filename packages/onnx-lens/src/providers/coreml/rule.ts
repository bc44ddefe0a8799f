import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import { readTensor, tensorNumbers } from '../../model/tensors.js';
import type { GraphView, NodeView, ValueView } from '../graph-view.js';
import type { Verdict } from '../provider.js';
import type { CoreMlFormat, Reason } from '../target.js';

/** What the Core ML provider's rules depend on besides the node. */
export interface Settings {
  readonly graph: GraphView;
  readonly format: CoreMlFormat;
  readonly staticShapesOnly: boolean;
  /** Minor version of ONNX Runtime: 21 for 1.21. */
  readonly ort: number;
  /** The whole judgement of another node: Cast asks it about the node before it. */
  readonly judge: (node: NodeView) => Verdict;
}

/** One test of a node; null when the node passes. */
export type Check = (node: NodeView, settings: Settings) => Verdict;

/** The rules of one operator, as its op builder in ONNX Runtime has them. */
export interface OperatorRule {
  /** Minor version of ONNX Runtime that first has a builder for the operator; left out for 21 and before. */
  readonly since?: number;
  /**
   * Minor version that first has an ML Program form of it; Infinity where there is none; left out for 21 and before.
   */
  readonly mlProgramSince?: number;
  /** Oldest definition of the operator that is taken. Default 1. */
  readonly minOpset?: number | ((settings: Settings) => number);
  /** True where inputs with a dimension of 0 are let through. */
  readonly allowsEmptyInputs?: boolean;
  /** Types of the inputs; by default the first must be float32, or float16 in an ML Program. */
  readonly inputTypes?: Check;
  /** Everything else. */
  readonly supports?: Check;
  /** True for an operator that only moves or renames data: from 1.27 on, a group of nothing else is given back. */
  readonly isTrivial?: boolean;
}

/** Makes a reason. */
export function reason(rule: string, text: string): Reason {
  return { rule, text };
}

/** True when ML Program is made. */
export function isMlProgram(settings: Settings): boolean {
  return settings.format === 'mlprogram';
}

/** Name of a tensor element type as ONNX Runtime writes it: "float16". */
export function typeName(dataType: DataType): string {
  return dataType === DataType.UNDEFINED ? 'unknown type' : (DataType[dataType] ?? `type ${dataType}`).toLowerCase();
}

/** How to name an input in a sentence. */
export function inputName(node: NodeView, place: number): string {
  const name = node.inputs[place]?.name ?? '';
  return name === '' ? `input ${place}` : `input ${place} ("${name}")`;
}

/** A shape with -1 for each dimension that is not a number; undefined when not even the rank is known. */
export function shapeOf(value: ValueView | undefined): number[] | undefined {
  return value?.shape?.map((dim) => (typeof dim === 'number' ? dim : -1));
}

/**
 * What is wrong with a shape that inference has made negative, as under a kernel larger than its input; null when
 * nothing. GetShapeImpl in core/providers/coreml/shape_utils.cc throws on it, in every version.
 */
export function negativeDimension(value: ValueView | undefined): string | null {
  const found = value?.shape?.find((dim) => typeof dim === 'number' && dim < 0);
  return found === undefined
    ? null
    : `has a negative dimension, ${found}, as under a kernel larger than its input; the provider throws at it`;
}

/** A shape that must be known, as far as it is used by a rule that the base checks have already let through. */
export function knownShape(node: NodeView, place: number): number[] {
  return shapeOf(node.inputs[place]) ?? [];
}

/** True when every dimension is a number. */
export function isStatic(shape: readonly number[]): boolean {
  return !shape.includes(-1);
}

/** A shape for a sentence: [1, 3, ?, ?]. */
export function showShape(shape: readonly number[]): string {
  return `[${shape.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}]`;
}

/** True when an input is there. */
export function hasInput(node: NodeView, place: number): boolean {
  return (node.inputs[place]?.name ?? '') !== '';
}

/** True when an input is a constant that no caller can replace. */
export function isConstant(node: NodeView, place: number): boolean {
  return node.inputs[place]?.isConstant === true;
}

/** True when an input is an initializer of this very graph, even one that a caller may replace. */
export function isInitializer(node: NodeView, place: number): boolean {
  const input = node.inputs[place];
  return input?.initializer !== undefined && !input.isOuter;
}

/** The numbers of an initializer; undefined when it is none or its values cannot be read here. */
export function numbersOf(node: NodeView, place: number): number[] | undefined {
  const tensor = node.inputs[place]?.initializer;
  const dataType: DataType = tensor?.dataType ?? DataType.UNDEFINED;
  if (tensor === undefined || dataType === DataType.STRING) return undefined;
  return tensorNumbers(readTensor(tensor));
}

/** The integers of an int32 or int64 initializer, exactly; undefined when it is none. */
export function integersOf(node: NodeView, place: number): bigint[] | undefined {
  const tensor = node.inputs[place]?.initializer;
  const dataType: DataType = tensor?.dataType ?? DataType.UNDEFINED;
  if (tensor === undefined || (dataType !== DataType.INT64 && dataType !== DataType.INT32)) return undefined;
  return Array.from(readTensor(tensor).data as ArrayLike<number | bigint>, BigInt);
}

/**
 * Types that the default type rule takes in an ML Program, by minor version. float16 is missing from 1.22 and 1.23:
 * their source asks for a build macro (COREML_ENABLE_MLPROGRAM) that nothing defines any more, and the machine code of
 * the released macOS libraries 1.22.0 and 1.23.2 compares with float32 alone.
 */
const ML_PROGRAM_TYPES: readonly (readonly [ort: number, types: readonly DataType[]])[] = [
  [21, [DataType.FLOAT, DataType.FLOAT16]],
  [22, [DataType.FLOAT]],
  [24, [DataType.FLOAT, DataType.FLOAT16, DataType.INT64]],
];

/**
 * The default type rule: float32; in an ML Program also the types of its version. (BaseOpBuilder::IsInputDtypeSupport)
 */
export function floatInput(node: NodeView, settings: Settings, place = 0): Verdict {
  const dataType = node.inputs[place]?.dataType ?? DataType.UNDEFINED;
  const allowed: readonly DataType[] = isMlProgram(settings)
    ? (ML_PROGRAM_TYPES.findLast(([ort]) => ort <= settings.ort)?.[1] ?? [DataType.FLOAT])
    : [DataType.FLOAT];
  if (allowed.includes(dataType)) return null;
  return reason(
    'input-type',
    `${inputName(node, place)} is ${typeName(dataType)}; ${node.opType} takes ${allowed.map(typeName).join(', ')}`,
  );
}

/** A type rule that takes the types listed for the first input. */
export function firstInputOneOf(types: (settings: Settings) => readonly DataType[]): Check {
  return (node, settings) => {
    const dataType = node.inputs[0]?.dataType ?? DataType.UNDEFINED;
    const allowed = types(settings);
    if (dataType !== DataType.UNDEFINED && allowed.includes(dataType)) return null;
    return reason(
      'input-type',
      `${inputName(node, 0)} is ${typeName(dataType)}; ${node.opType} takes ${allowed.map(typeName).join(', ')}`,
    );
  };
}

/** The rule of an operator that has a form in ML Program only. */
export const mlProgramOnly: Check = (node, settings) =>
  isMlProgram(settings) ? null : reason('format', `${node.opType} has a form in ML Program only, not in NeuralNetwork`);

/** Negative axes count from the end. Axes out of range do not pass ONNX Runtime's shape inference. */
export function positiveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
