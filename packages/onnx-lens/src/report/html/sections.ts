import type { BoundaryTensor, CoverageResult } from '../../coverage/result.js';
import type { LogComparison } from '../../logs/compare.js';
import { bytes, count, macs, plural, ranges, share, tally } from '../format.js';
import { comparisonTable, differingNodesTable, subgraphsTable, variantsTable } from '../tables.js';
import {
  freeDimensionsNote,
  meaning,
  nodeTitle,
  operatorTitle,
  providerTitle,
  tensorTitle,
  variantsNote,
} from '../wording.js';
import { esc, html, NOTHING, tableHtml, type Html } from './markup.js';
import { partitionColours } from './colours.js';

/** What each cause alone costs, costliest first, with its nodes folded in. */
export function causesHtml(result: CoverageResult): Html {
  if (result.causes.length === 0) {
    return html`<section><h2>Left to the CPU</h2><p class="note">Nothing: ${esc(providerTitle(result.target))} takes every node.</p></section>`;
  }
  const items = result.causes.map(({ text, nodes, opTypes, partitionsSaved, partitionsWithout }) => {
    const left = nodes.flatMap((index) => result.perNode[index] ?? []);
    // The cause says why; a column of its own is for reasons that say more.
    const isSaidApart = left.some(({ reason }) => reason !== null && reason.text !== text);
    const columns = ['#', 'Operator', 'Name', ...(isSaidApart ? ['Why'] : [])].map((title, place) => ({
      title,
      isNumber: place === 0,
    }));
    const rows = left.map((node) => [
      String(node.index),
      operatorTitle(node),
      nodeTitle(node),
      ...(isSaidApart ? [node.reason?.text ?? ''] : []),
    ]);
    const saved = html`<span class="big ${esc(partitionsSaved > 0 ? 'fewer' : 'none')}">${esc(change(partitionsSaved))}</span>`;
    return html`<details class="cause"><summary>${saved}<span>${esc(count(result.partitions.length))} → ${esc(count(partitionsWithout))}</span><span>${esc(plural(nodes.length, 'node'))}</span><span>${esc(text)}<br><span class="ops">${esc(opTypes.join(', '))}</span></span></summary><div class="inner">${tableHtml({ columns, rows }, `Nodes left behind: ${text}`)}</div></details>`;
  });
  return html`<section><h2>Left to the CPU: what each cause alone costs</h2>
<p class="note">Each row recounts the partitions as if only its own nodes were taken. Causes that must fall together save nothing alone, and a node taken between two others can even make one partition more.</p>
<div class="heads cause-heads" aria-hidden="true"><span>Partitions</span><span>From → to</span><span>Nodes</span><span>Why</span></div>${items}</section>`;
}

/** How the number of partitions changes: fewer is a minus. */
function change(saved: number): string {
  return saved === 0 ? '0' : `${saved > 0 ? '−' : '+'}${count(Math.abs(saved))}`;
}

/** The partitions with what crosses their boundaries. */
export function partitionsHtml(result: CoverageResult): Html {
  const { partitions, perNode, target } = result;
  const colours = partitionColours(result);
  if (partitions.length === 0) {
    return html`<section><h2>Partitions</h2><p class="note">None: ${esc(providerTitle(target))} takes nothing of this model.</p></section>`;
  }
  const items = partitions.map(({ index, nodes, inputs, outputs, boundaryBytes, macs: work, weightBytes }) => {
    const isBound = [...inputs, ...outputs].some((tensor) => tensor.bytes === null);
    const operators = tally(
      nodes.map((node) => perNode[node]?.opType ?? '?'),
      4,
    );
    const columns = ['Direction', 'Value', 'Bytes'].map((title, place) => ({ title, isNumber: place === 2 }));
    const rows = [
      ...inputs.map((tensor) => crossing('in', tensor)),
      ...outputs.map((tensor) => crossing('out', tensor)),
    ];
    return html`<details class="part"><summary><span><span class="chip ${esc(colours[index] ?? 'p0')}">${esc(index)}</span></span><span>${esc(plural(nodes.length, 'node'))}</span><span class="ops">${esc(operators)}</span><span class="n">${esc(isBound ? '≥ ' : '')}${esc(bytes(boundaryBytes))}</span><span class="n">${esc(macs(work))}</span><span class="n">${esc(bytes(weightBytes))}</span></summary><div class="inner"><p class="note">Nodes ${esc(ranges(nodes))}</p>${tableHtml({ columns, rows }, `What crosses the boundary of partition ${index}`)}</div></details>`;
  });
  return html`<section><h2>Partitions, in the provider's order</h2>
<p class="note">At every boundary values are handed over: these bytes cross once per inference. ${esc(freeDimensionsNote(partitions))}</p>
<div class="heads part-heads" aria-hidden="true"><span>#</span><span>Nodes</span><span>Operators</span><span class="n">Bytes across</span><span class="n">MACs</span><span class="n">Weights</span></div>${items}</section>`;
}

function crossing(direction: string, tensor: BoundaryTensor): string[] {
  return [direction, tensorTitle(tensor), tensor.bytes === null ? 'unknown' : bytes(tensor.bytes)];
}

/** The graphs inside control flow, where there are any. */
export function subgraphsHtml(result: CoverageResult): Html {
  const table = subgraphsTable(result);
  if (table.rows.length === 0) return NOTHING;
  return html`<section><h2>Inside If, Loop and Scan</h2><p class="note">Each of these graphs is partitioned by itself; the other figures are those of the main graph.</p>${tableHtml(table, 'Graphs inside If, Loop and Scan')}</section>`;
}

/** The four ways to run the file. */
export function variantsHtml(result: CoverageResult): Html {
  const table = variantsTable(result);
  if (table.rows.length === 0) return NOTHING;
  return html`<section><h2>The same file in other formats and shapes</h2><p class="note">${esc(variantsNote(result.target))}</p>${tableHtml(table, 'Formats and shapes', 'four')}</section>`;
}

/** Shares of nodes, arithmetic and weights. */
export function workHtml({ supported, cpu, work, target, partitions }: CoverageResult): Html {
  const bar = (title: string, here: number, there: number, unit: (value: number) => string): Html => {
    const whole = here + there;
    const width = whole === 0 ? 0 : (1000 * here) / whole;
    return html`<dt>${esc(title)}</dt><dd><svg viewBox="0 0 1000 1" preserveAspectRatio="none" aria-hidden="true"><rect class="p0" width="${esc(width)}" height="1"/><rect class="${esc(whole === 0 ? '' : 'cpu')}" x="${esc(width)}" width="${esc(1000 - width)}" height="1"/></svg><div class="ends"><span>${esc(unit(here))} on ${esc(providerTitle(target))} (${esc(share(here, whole))})</span><span>${esc(unit(there))} on the CPU (${esc(share(there, whole))})</span></div></dd>`;
  };
  return html`<section><h2>Share of the work</h2><p class="note">Nodes are not equal: a node of shape arithmetic costs nothing next to a convolution. ${esc(freeDimensionsNote(partitions))}</p><dl class="bars">${[
    bar('Nodes', supported, cpu, count),
    bar('Multiply-accumulates', work.macsOnProvider, work.macsOnCpu, macs),
    bar('Weights', work.weightBytesOnProvider, work.weightBytesOnCpu, bytes),
  ]}</dl></section>`;
}

/** Prediction against log. */
export function comparisonHtml(comparison: LogComparison | null): Html {
  if (comparison === null) return NOTHING;
  const { log, session, sessions, agrees, statement } = comparison;
  const differing = differingNodesTable(comparison);
  return html`<section id="log"><h2>Against the log</h2><p class="note"><span class="mono">${esc(log)}</span>, session ${esc(session)} of ${esc(sessions)}</p>
<div class="verdict"><span class="badge ${esc(agrees ? 'same' : 'differs')}">${esc(agrees ? 'AGREES' : 'DIFFERS')}</span><p>${esc(statement)}</p></div>
${tableHtml(comparisonTable(comparison), 'Prediction and log')}${differing.rows.length === 0 ? NOTHING : tableHtml(differing, 'Nodes that differ')}</section>`;
}

/** Every node, to be searched; the script fills it. */
export function allNodesHtml({ perNode }: CoverageResult): Html {
  const columns = ['#', 'Operator', 'Name', 'Where', 'MACs', 'Weights', 'Why'];
  const head = columns.map(
    (title) =>
      html`<th scope="col"${['#', 'MACs', 'Weights'].includes(title) ? html` class="n"` : NOTHING}>${esc(title)}</th>`,
  );
  return html`<section><h2>All nodes</h2><details class="plain" id="all"><summary>Show and search ${esc(plural(perNode.length, 'node'))}</summary><div class="inner"><label class="unseen" for="search">Search nodes by name, operator, place or reason</label><input type="search" id="search" placeholder="Name, operator, partition 3, reason…"><p class="note" id="found" role="status"></p><div class="scroll"><table><caption class="unseen">All nodes in execution order</caption><thead><tr>${head}</tr></thead><tbody id="all-rows"></tbody></table></div></div></details><noscript><p class="note">The table of all nodes and the strip's stories need scripts; everything else on this page does not.</p></noscript></section>`;
}

/** What the figures mean, which rules were used and how far they were checked. */
export function notesHtml({ target, rules, notes }: CoverageResult): Html {
  return html`<section><h2>What this says and what it does not</h2><ul>${[meaning(target), rules.statement, ...notes].map((note) => html`<li>${esc(note)}</li>`)}</ul></section>`;
}
