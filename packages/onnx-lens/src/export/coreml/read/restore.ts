import { OnnxLensError } from '../../../errors.js';
import type { GraphBuilder } from '../../../model/builder.js';
import { COMPUTING } from './operators-computing.js';
import { MOVING } from './operators-moving.js';
import { RECURRENT } from './operators-recurrent.js';
import type { ReadFunction } from './reader.js';
import { Restoring } from './restoring.js';

/**
 * Adds a function's operations to a graph that has its inputs under the names of the program. Values keep their names.
 */
export function restoreInto(graph: GraphBuilder, { operations }: ReadFunction, rename: (name: string) => string): void {
  const constants = new Map<string, string>();
  for (const operation of operations) {
    const restore = COMPUTING[operation.type] ?? MOVING[operation.type] ?? RECURRENT[operation.type];
    if (restore === undefined)
      throw new OnnxLensError('UNSUPPORTED_OPERATOR', `The package's operation ${operation.type} cannot be read back.`);
    restore(new Restoring(graph, operation, constants, rename));
  }
}
