import { sha256 } from '@noble/hashes/sha2.js';
import type { CoverageResult } from '../../coverage/result.js';
import type { LogComparison } from '../../logs/compare.js';
import { bytes, count, macs, plural, printable } from '../format.js';
import { figures } from '../tables.js';
import { nodeTitle, operatorTitle, providerTitle, targetLine } from '../wording.js';
import { partitionColours } from './colours.js';
import { esc, html, jsonHtml, type Html } from './markup.js';
import { SCRIPT } from './script.js';
import {
  allNodesHtml,
  causesHtml,
  comparisonHtml,
  notesHtml,
  partitionsHtml,
  subgraphsHtml,
  variantsHtml,
  workHtml,
} from './sections.js';
import { cellsOf, overviewHtml, stripHtml, type Cell } from './strip.js';
import { STYLE } from './style.js';

/**
 * The analysis as one self-contained HTML file: no other file, no network, no script but its own (a content security
 * policy says so). Light and dark follow the reader's system.
 *
 * @example
 * const html = coverageHtml(await analyseCoverage('model.onnx'));
 * html.startsWith('<!doctype html>'); // true
 */
export function coverageHtml(result: CoverageResult, comparison: LogComparison | null = null): string {
  const cells = cellsOf(result);
  const policy = `default-src 'none'; img-src data:; style-src '${digest(STYLE)}'; script-src '${digest(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${esc(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${esc(fileName(result.model))} on ${esc(providerTitle(result.target))}</title>
<style>${STYLE as Html}</style>
</head>
<body>
${headerHtml(result)}
<main>
<section><h2>Node by node, in execution order</h2>
${legendHtml(result, cells)}
${stripHtml(cells, partitionColours(result))}
<div class="story" id="story" aria-live="polite"><p class="note">Point at a node or tap it, or focus the strip and use the arrow keys, for its story.</p></div></section>
${causesHtml(result)}
${partitionsHtml(result)}
${subgraphsHtml(result)}
${variantsHtml(result)}
${workHtml(result)}
${comparisonHtml(comparison)}
${allNodesHtml(result)}
${notesHtml(result)}
</main>
<footer>Made by onnx-lens. This file is complete in itself and sends nothing anywhere.</footer>
<script type="application/json" id="data">${jsonHtml(scriptData(result, cells))}</script>
<script>${SCRIPT as Html}</script>
</body>
</html>
`;
}

function headerHtml(result: CoverageResult): Html {
  const tiles = figures(result).map(
    ([label, value], place) =>
      html`<div class="tile ${esc(place === 2 ? 'cpu-tile' : '')}"><dt>${esc(label)}</dt><dd>${esc(value)}</dd></div>`,
  );
  return html`<header><h1>${esc(fileName(result.model))}</h1><p class="target">${esc(targetLine(result))}</p>
<dl class="tiles">${tiles}</dl>
<div class="verdict"><span class="badge ${esc(result.impact)}">${esc(result.impact)} IMPACT</span><p>${esc(result.advice)}</p></div>
${overviewHtml(result, partitionColours(result))}</header>`;
}

function legendHtml(result: CoverageResult, cells: readonly Cell[]): Html {
  const { perNode, target } = result;
  const unit = cells.length < perNode.length ? 'a cell is a run of nodes with the same fate' : 'a cell is a node';
  const swatches = partitionColours(result)
    .slice(0, 3)
    .map((colour) => html`<b class="${esc(colour)}"></b>`);
  return html`<div class="legend"><span>${swatches}on ${esc(providerTitle(target))}: one colour a partition, with its number where it begins</span><span><b class="cpu"></b>left to the CPU</span><span>${esc(unit)}</span></div>`;
}

/** What script.ts needs to tell each node's story. */
function scriptData(result: CoverageResult, cells: readonly Cell[]): object {
  return {
    cells: cells.map(({ from, to, partition, cause }) => [from, to, partition, cause]),
    nodes: result.perNode.map((node) => [
      nodeTitle(node),
      operatorTitle(node),
      node.reason === null ? '' : printable(node.reason.text),
      node.macs === 0 ? '' : macs(node.macs),
      node.weightBytes === 0 ? '' : bytes(node.weightBytes),
      node.partition,
    ]),
    partitions: result.partitions.map(
      ({ index, nodes, inputs, outputs, boundaryBytes }) =>
        `In partition ${index} with ${plural(nodes.length, 'node')}: ${plural(inputs.length, 'value')} in, ${count(outputs.length)} out, ${bytes(boundaryBytes)} across its boundary per inference.`,
    ),
    causes: result.causes.map(
      ({ nodes, partitionsWithout }) =>
        `${plural(nodes.length, 'node')} left for this cause; without it ${plural(partitionsWithout, 'partition')} instead of ${count(result.partitions.length)}.`,
    ),
  };
}

function digest(content: string): string {
  return `sha256-${base64(sha256(new TextEncoder().encode(content)))}`;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** A path's last part, of either system. */
function fileName(path: string): string {
  return path.replace(/^.*[\\/]/, '');
}
