import { TensorProto_DataType as DataType, type ModelProto } from '../model/generated/onnx_pb.js';
import { tensorsOf } from '../model/parse.js';
import { valueType } from '../shapes/value-type.js';

/** Said of a model with operators that have no CPU kernel here. */
export function notOptimizedNote(operators: readonly string[]): string {
  return `Level 1 was not applied: the ONNX Runtime here has no CPU kernel for ${operators.join(', ')}. The rules judge the graph of the file, with inferred shapes; an optimizer may still fold or merge nodes of it, and without kernels the CPU cannot run what is left to it.`;
}

/** What happened to a model on the way to its level-1 graph that a reader must know. */
export function notesOf(before: ModelProto, after: ModelProto, assumeOptimized: boolean): string[] {
  const notes: string[] = [];
  if (assumeOptimized) notes.push('The file was taken as a level-1 graph; no optimizer was run.');
  if (!assumeOptimized && before.functions.length > 0) {
    const names = before.functions.slice(0, 3).map(({ name }) => name);
    notes.push(
      `Calls of the model's own functions (${names.join(', ')}${before.functions.length > 3 ? ', ...' : ''}) were inlined.`,
    );
  }
  const expanded = expandedOperators(after).filter((name) => before.functions.every((fn) => fn.name !== name));
  if (!assumeOptimized && expanded.length > 0) {
    notes.push(
      `${expanded.join(', ')} stands expanded into simpler operators, because ONNX Runtime's CPU provider, which wrote this graph, has no kernel of it; a provider that has one would be asked about it whole.`,
    );
  }
  const casts = countCasts(after) - countCasts(before);
  if (!assumeOptimized && casts > 0 && usesHalf(before)) {
    notes.push(
      `${casts} casts around float16 operators without a CPU kernel were inserted by ONNX Runtime's CPU provider when it wrote the level-1 graph.`,
    );
  }
  return notes;
}

/**
 * Operators that were inlined from their function bodies, by the names that ONNX Runtime gives to the values inside.
 */
function expandedOperators(model: ModelProto): string[] {
  const names = (model.graph?.node ?? []).flatMap(({ output }) =>
    output.map((name) => /^_inlfunc_([A-Za-z0-9]+)_/.exec(name)?.[1]),
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

function countCasts(model: ModelProto): number {
  return model.graph?.node.filter(({ opType }) => opType === 'Cast').length ?? 0;
}

function usesHalf(model: ModelProto): boolean {
  const half = DataType.FLOAT16;
  return (
    [...tensorsOf(model)].some(({ dataType }) => dataType === (half as number)) ||
    (model.graph?.input ?? []).some(({ type }) => valueType(type).dataType === half)
  );
}
