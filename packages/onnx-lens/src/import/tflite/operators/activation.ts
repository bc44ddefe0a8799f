import type { OperatorContext, Translation } from '../context.js';
import type { Value } from '../value.js';

/** `enum ActivationFunctionType`: what an operator does to its own result. */
export type FusedActivation = 'NONE' | 'RELU' | 'RELU_N1_TO_1' | 'RELU6' | 'TANH' | 'SIGN_BIT';
/** By their code in the schema. */
export const FUSED: readonly FusedActivation[] = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'];

/** The activation in that slot of the operator's options. */
export function fusedActivation(context: OperatorContext, slot: number): FusedActivation {
  const code = context.option((table) => table.int8(slot), 0);
  const activation = FUSED[code];
  if (activation === undefined) throw context.unsupported(`has the fused activation ${code}, which is not known`);
  if (activation === 'SIGN_BIT') throw context.unsupported('has the fused activation SIGN_BIT, which is not covered');
  return activation;
}

/** Adds the activation after an ONNX value and gives the result's name. */
export function activate(context: OperatorContext, name: string, activation: FusedActivation): string {
  switch (activation) {
    case 'RELU':
      return context.node('Relu', [name]);
    case 'RELU_N1_TO_1':
      return clip(context, name, -1, 1);
    case 'RELU6':
      return clip(context, name, 0, 6);
    case 'TANH':
      return context.node('Tanh', [name]);
    case 'NONE':
    case 'SIGN_BIT':
      return name;
  }
}

/** Adds a Clip to a range. */
export function clip(context: OperatorContext, name: string, low: number, high: number): string {
  return context.node('Clip', [name, context.graph.floats([], [low]), context.graph.floats([], [high])]);
}

/** A translation of what acts on each element by itself: the nodes go on under the axis order that is there. */
export function elementwise(make: (context: OperatorContext, name: string, value: Value) => string): Translation {
  return (context) => {
    const value = context.input(0);
    const order = context.commonOrder([value]);
    const result = make(context, context.as(value, order), value);
    return [context.made(result, value.shape, value.dataType, order)];
  };
}
