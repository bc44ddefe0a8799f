import { elementCount } from '../../model/tensors.js';
import { strides } from './value.js';

/** One level of a sparse tensor's tree: dense, or the places at which each parent has children. */
export type SparseLevel =
  | { readonly kind: 'dense'; readonly size: number }
  | { readonly kind: 'sparse'; readonly segments: readonly number[]; readonly indices: readonly number[] };

/** How a tensor's values are stored sparsely (`SparsityParameters` of the schema). */
export interface Sparsity {
  /** The axis of each level; axes from the rank on are blocks within those that `blockMap` names. */
  readonly traversalOrder: readonly number[];
  readonly blockMap: readonly number[];
  readonly levels: readonly SparseLevel[];
}

/**
 * Where each stored value belongs in the dense tensor, in row-major order.
 * After tensorflow/lite/kernels/internal/utils/sparsity_format_converter.cc (SparseToDense).
 *
 * @returns null when the description contradicts itself or the shape.
 */
export function densePlaces(shape: readonly number[], sparsity: Sparsity): readonly number[] | null {
  const steps = levelSteps(shape, sparsity);
  if (steps === null) return null;
  const most = elementCount(shape);
  // Of each node of the tree's level: where it lies in the dense tensor, and its number among its level.
  let places = [0];
  let numbers = [0];
  for (const [depth, { size, step }] of steps.entries()) {
    const level = sparsity.levels[depth];
    const [nextPlaces, nextNumbers]: [number[], number[]] = [[], []];
    for (const [parent, place] of places.entries()) {
      const number = numbers[parent] ?? 0;
      const children = level === undefined ? null : childrenOf(level, number, size);
      // Segments may overlap in a hostile file; a tensor has no more values than elements.
      if (children === null || nextPlaces.length + children.count > most) return null;
      for (let child = 0; child < children.count; child++) {
        const index = children.indexOf(child);
        if (index < 0 || index >= size) return null;
        nextPlaces.push(place + index * step);
        nextNumbers.push(children.first + child);
      }
    }
    [places, numbers] = [nextPlaces, nextNumbers];
  }
  return places;
}

interface Children {
  /** Number of the first child among its level. */
  readonly first: number;
  readonly count: number;
  readonly indexOf: (child: number) => number;
}

function childrenOf(level: SparseLevel, parent: number, size: number): Children | null {
  if (level.kind === 'dense') return { first: parent * size, count: size, indexOf: (child) => child };
  const [from, to] = [level.segments[parent], level.segments[parent + 1]];
  if (from === undefined || to === undefined || from < 0 || to < from || to > level.indices.length) return null;
  return { first: from, count: to - from, indexOf: (child) => level.indices[from + child] ?? -1 };
}

/**
 * Length of each level (an axis divided by its block, or the block itself), and elements from one index to the next.
 */
function levelSteps(
  shape: readonly number[],
  { traversalOrder, blockMap, levels }: Sparsity,
): { size: number; step: number }[] | null {
  const rank = shape.length;
  const isOrder = [...traversalOrder].sort((a, b) => a - b).every((axis, place) => axis === place);
  const isWhole = traversalOrder.length === levels.length && levels.length === rank + blockMap.length;
  const areAxes = blockMap.every((axis) => axis >= 0 && axis < rank) && new Set(blockMap).size === blockMap.length;
  if (!isOrder || !isWhole || !areAxes) return null;
  const blocks = shape.map((_, axis) => {
    const block = blockMap.indexOf(axis);
    const level = levels[traversalOrder.indexOf(rank + block)];
    return block < 0 ? 1 : level?.kind === 'dense' ? level.size : NaN;
  });
  const elementSteps = strides(shape);
  const steps = traversalOrder.map((axis) => {
    const owner = axis < rank ? axis : (blockMap[axis - rank] ?? 0);
    const [block, step] = [blocks[owner] ?? NaN, elementSteps[owner] ?? 0];
    return axis < rank ? { size: (shape[axis] ?? 0) / block, step: step * block } : { size: block, step };
  });
  const fits = steps.every(({ size }, depth) => {
    const level = levels[depth];
    return Number.isInteger(size) && size >= 1 && (level?.kind !== 'dense' || level.size === size);
  });
  return fits ? steps : null;
}
