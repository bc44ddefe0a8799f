import { valuesOf, type Operation, type Program } from './program.js';

/** The error of a program in half floats but for some operations: the worst output's over the allowed one; 1 and less holds. */
export type MeasureKept = (kept: ReadonlySet<Operation>, isQuick: boolean) => Promise<number>;

/** Kinds of operations that are looked at one by one; the rarer ones count as one. */
const MOST_KINDS = 12;
/** How finely the start and the end of a program are cut. */
const PARTS = 16;

interface Candidate {
  readonly kept: ReadonlyMap<Operation, string>;
}

/**
 * Which further operations must stay in float32 so that the error holds, and why: the fewest of three ways. Kinds of
 * operations are ranked by the error that each causes alone in halves, and the worst kept until it holds; the start of
 * the program is kept, or its end, in sixteenths. Every way is measured, none assumed; at most 24 measurements.
 *
 * @param kept what stays in float32 already.
 * @returns all that stay, or undefined where nothing would be left in halves.
 */
export async function keepSensitive(
  program: Program,
  kept: ReadonlyMap<Operation, string>,
  measure: MeasureKept,
): Promise<ReadonlyMap<Operation, string> | undefined> {
  const open = program.operations.filter(
    (operation) =>
      !kept.has(operation) && [...valuesOf(operation), ...operation.outputs].some(({ type }) => type === 'fp32'),
  );
  const ways = [await byKind(open, kept, measure), ...startsAndEnds(open, kept)];
  const found: Candidate[] = [];
  for (const way of ways) {
    const best = await fewest(way, measure);
    if (best !== undefined) found.push(best);
  }
  const [least] = found.toSorted((a, b) => a.kept.size - b.kept.size);
  return least?.kept;
}

/** Growing sets: the kind that does most harm, the two that do, and so on, but for all. */
async function byKind(
  open: readonly Operation[],
  kept: ReadonlyMap<Operation, string>,
  measure: MeasureKept,
): Promise<Candidate[]> {
  const common = kindsOf(open);
  const harms: { readonly operations: readonly Operation[]; readonly harm: number }[] = [];
  for (const operations of common) {
    const alone = new Set(operations);
    const others = [...kept.keys(), ...open.filter((operation) => !alone.has(operation))];
    harms.push({ operations, harm: await measure(new Set(others), true) });
  }
  const ranked = harms.toSorted((a, b) => b.harm - a.harm);
  return ranked.slice(0, -1).map((_, last) => ({
    kept: new Map([
      ...kept,
      ...ranked
        .slice(0, last + 1)
        .flatMap(({ operations, harm }) => operations.map((operation) => [operation, harmText(harm)] as const)),
    ]),
  }));
}

function harmText(harm: number): string {
  return Number.isFinite(harm)
    ? `this kind alone in halves causes ${harm.toPrecision(2)} times the error that is allowed`
    : 'this kind alone in halves gives results that are not finite';
}

function kindsOf(open: readonly Operation[]): readonly (readonly Operation[])[] {
  const kinds = new Map<string, Operation[]>();
  for (const operation of open) kinds.set(operation.type, [...(kinds.get(operation.type) ?? []), operation]);
  const ordered = [...kinds.values()].toSorted((a, b) => b.length - a.length);
  const rare = ordered.slice(MOST_KINDS - 1).flat();
  return ordered.length <= MOST_KINDS ? ordered : [...ordered.slice(0, MOST_KINDS - 1), rare];
}

/** Growing parts of the program from its start, and from its end; never all of it. */
function startsAndEnds(open: readonly Operation[], kept: ReadonlyMap<Operation, string>): Candidate[][] {
  const counts = [
    ...new Set(Array.from({ length: PARTS - 1 }, (_, part) => Math.round(((part + 1) * open.length) / PARTS))),
  ].filter((count) => count > 0 && count < open.length);
  const way = (pick: (count: number) => readonly Operation[], where: string): Candidate[] =>
    counts.map((count) => ({
      kept: new Map([
        ...kept,
        ...pick(count).map(
          (operation) =>
            [operation, `with fewer of the ${where} operations in float32 the error is beyond the tolerance`] as const,
        ),
      ]),
    }));
  return [way((count) => open.slice(0, count), 'first'), way((count) => open.slice(-count), 'last')];
}

/** The first of growing sets whose error holds, by halving: more in float32 is taken to be no worse. */
async function fewest(way: readonly Candidate[], measure: MeasureKept): Promise<Candidate | undefined> {
  let [from, to] = [0, way.length];
  let found: Candidate | undefined;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const candidate = way[middle];
    if (candidate !== undefined && (await measure(new Set(candidate.kept.keys()), false)) <= 1) {
      found = candidate;
      to = middle;
    } else {
      from = middle + 1;
    }
  }
  return found;
}
