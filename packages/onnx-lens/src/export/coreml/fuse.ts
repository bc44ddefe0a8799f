import type { Operation, Program } from './program.js';
import type { Value } from './values.js';
import { withoutDead } from './lower.js';

/** Writes x * sigmoid(x) as silu, which Core ML has kernels for. */
export function fuseSilu(program: Program): Program {
  const makers = new Map<Value, Operation>();
  for (const operation of program.operations) for (const output of operation.outputs) makers.set(output, operation);
  const operations = program.operations.map((operation): Operation => {
    if (operation.type !== 'mul') return operation;
    const { x, y } = operation.inputs as { readonly x: Value; readonly y: Value };
    const isGate = (gate: Value, other: Value): boolean => {
      const maker = makers.get(gate);
      return maker?.type === 'sigmoid' && maker.inputs['x'] === other;
    };
    const inner = isGate(y, x) ? x : isGate(x, y) ? y : undefined;
    return inner === undefined ? operation : { ...operation, type: 'silu', inputs: { x: inner } };
  });
  return withoutDead({ ...program, operations });
}
