import type { CoverageResult } from '../../coverage/result.js';
import { esc, html, NOTHING, type Html } from './markup.js';

/** Above this many nodes a cell of the strip stands for a run of nodes with the same fate. */
const MOST_CELLS = 6000;
/** One cell of the strip: nodes `from` to `to` (both included) of one partition, or left to the CPU for one cause. */
export interface Cell {
  readonly from: number;
  readonly to: number;
  readonly partition: number | null;
  readonly cause: number | null;
}

/** Place of each node's cause in `result.causes`. */
function causeOfNode({ causes }: CoverageResult): ReadonlyMap<number, number> {
  return new Map(causes.flatMap(({ nodes }, cause) => nodes.map((node) => [node, cause] as const)));
}

/** The strip's cells in execution order: a node each, or runs where there are too many nodes to show one by one. */
export function cellsOf(result: CoverageResult): Cell[] {
  const causes = causeOfNode(result);
  const single = result.perNode.map(({ partition }, place) => ({
    from: place,
    to: place,
    partition,
    cause: causes.get(place) ?? null,
  }));
  if (single.length <= MOST_CELLS) return single;
  const runs: Cell[] = [];
  for (const cell of single) {
    const last = runs.at(-1);
    if (last !== undefined && last.partition === cell.partition && last.cause === cell.cause)
      runs[runs.length - 1] = { ...last, to: cell.to };
    else runs.push(cell);
  }
  return runs;
}

/** The whole graph in one bar: each run of nodes as wide as it has nodes. */
export function overviewHtml({ perNode }: CoverageResult, colours: readonly string[]): Html {
  const rects: Html[] = [];
  for (let start = 0; start < perNode.length;) {
    const partition = perNode[start]?.partition ?? null;
    let end = start + 1;
    while (end < perNode.length && (perNode[end]?.partition ?? null) === partition) end++;
    rects.push(
      html`<rect class="${esc(partition === null ? 'cpu' : (colours[partition] ?? 'p0'))}" x="${esc(start)}" width="${esc(end - start)}" height="1"/>`,
    );
    start = end;
  }
  return html`<svg class="overview" viewBox="0 0 ${esc(Math.max(1, perNode.length))} 1" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`;
}

/** The strip itself; script.ts gives it its hover, focus and arrow keys. */
export function stripHtml(cells: readonly Cell[], colours: readonly string[]): Html {
  const items = cells.map(({ partition }, place) => {
    const isFirstOfRun = partition !== null && cells[place - 1]?.partition !== partition;
    return html`<i class="${esc(partition === null ? 'cpu' : (colours[partition] ?? 'p0'))}"${isFirstOfRun ? html` data-l="${esc(partition)}"` : NOTHING}></i>`;
  });
  return html`<div class="strip" id="strip" tabindex="0" role="listbox" aria-label="Nodes in execution order. Arrow keys move from node to node." aria-describedby="story">${items}</div>`;
}
