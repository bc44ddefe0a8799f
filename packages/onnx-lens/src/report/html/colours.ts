import type { CoverageResult } from '../../coverage/result.js';

/** Colours in style.ts, all of different hues, and as many again with stripes for partitions with many neighbours. */
const HUES = 7;
const COLOURS = 2 * HUES;

/**
 * A class for each partition, by index, so that partitions that meet in the strip (whether or not nodes of the CPU lie
 * between them) never get the same one. Partitions interleave in execution order, so that counting through the colours
 * would not do: each takes, in order of appearance, the least used of those that no neighbour has.
 */
export function partitionColours({ partitions, perNode }: CoverageResult): string[] {
  const sequence = perNode.flatMap(({ partition }) => (partition === null ? [] : [partition]));
  const neighbours = new Map<number, Set<number>>();
  const meet = (one: number, other: number): void => {
    let known = neighbours.get(one);
    if (known === undefined) neighbours.set(one, (known = new Set()));
    known.add(other);
  };
  sequence.forEach((partition, place) => {
    const before = sequence[place - 1];
    if (before === undefined || before === partition) return;
    meet(partition, before);
    meet(before, partition);
  });
  const colours = new Map<number, number>();
  const uses = new Array<number>(COLOURS).fill(0);
  for (const partition of sequence) {
    if (colours.has(partition)) continue;
    const taken = new Set(Array.from(neighbours.get(partition) ?? [], (other) => colours.get(other)));
    const order = uses.map((_, colour) => colour);
    const free = order.filter((colour) => !taken.has(colour));
    const plain = free.filter((colour) => colour < HUES);
    const choices = plain.length > 0 ? plain : free.length > 0 ? free : order;
    const colour = choices.reduce((best, each) => ((uses[each] ?? 0) < (uses[best] ?? 0) ? each : best));
    colours.set(partition, colour);
    uses[colour] = (uses[colour] ?? 0) + 1;
  }
  return partitions.map(({ index }) => colourClass(colours.get(index) ?? index % HUES));
}

function colourClass(colour: number): string {
  return colour < HUES ? `p${colour}` : `p${colour - HUES} striped`;
}
