import type { TimeShare, TraceReport } from '../logs/trace-report.js';
import { count, milliseconds, percent, plural, printable } from './format.js';
import type { Table } from './tables.js';
import { shortProvider, TextPage, type TerminalOptions } from './terminal.js';

/** A profile as text: runs, then time by provider, operator and the `most` longest nodes. */
export function traceText(trace: TraceReport, origin: string, most: number, options: TerminalOptions = {}): string {
  const page = new TextPage(options);
  page.line(page.colours.bold(printable(origin)));
  const setUp = [
    trace.loadMs === null ? '' : `model loaded in ${milliseconds(trace.loadMs)}`,
    trace.initializeMs === null ? '' : `session initialized in ${milliseconds(trace.initializeMs)}`,
  ].filter((part) => part !== '');
  if (setUp.length > 0) page.line(page.colours.dim(setUp.join(', ')));
  if (!trace.complete)
    page.paragraph(
      'The file ends before its last bracket (the session was not closed, or is still running): what follows is what it holds so far.',
      '',
      '! ',
    );
  if (trace.unreadable > 0) page.paragraph(`${plural(trace.unreadable, 'line')} could not be read.`, '', '! ');
  if (trace.lateCalls > 0)
    page.paragraph(
      `${plural(trace.lateCalls, 'call')} of nodes with more than half a million events inside: their time holds that of their bodies, which so counts twice.`,
      '',
      '! ',
    );
  if (trace.medianError > 0)
    page.paragraph(`Medians are rounded (error ${percent(100 * trace.medianError)}).`, '', '! ');
  page.gap();
  page.line(runsLine(trace));
  page.section(
    'By provider',
    shares(trace.providers, ['Provider', 'Nodes'], ({ provider, nodes }) => [shortProvider(provider), count(nodes)]),
  );
  page.section(
    'By operator',
    shares(trace.operators, ['Operator', 'Provider', 'Nodes'], ({ opType, provider, nodes }) => [
      printable(opType),
      shortProvider(provider),
      count(nodes),
    ]),
  );
  const shown = trace.nodes.slice(0, most);
  const title =
    shown.length < trace.nodes.length ? `The ${shown.length} longest of ${count(trace.nodes.length)} nodes` : 'By node';
  page.section(
    title,
    shares(shown, ['Median', 'Longest', 'Operator', 'Name'], ({ medianMs, maxMs, opType, name }) => [
      milliseconds(medianMs),
      milliseconds(maxMs),
      printable(opType),
      printable(name),
    ]),
  );
  if (trace.deviceMs > 0) {
    page.gap();
    page.paragraph(
      `The device's own kernels took ${milliseconds(trace.deviceMs)}; the times above are those of the host, which may not wait for them.`,
    );
  }
  return page.toString();
}

function runsLine({ runsMs, nodesMs, betweenNodesMs }: TraceReport): string {
  if (runsMs.length === 0) return `No whole inference; nodes took ${milliseconds(nodesMs)}.`;
  const sorted = [...runsMs].sort((a, b) => a - b);
  const median = ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
  const between = betweenNodesMs === null ? '' : `, ${milliseconds(betweenNodesMs)} between nodes`;
  return `${plural(runsMs.length, 'inference')}: first ${milliseconds(runsMs[0] ?? 0)}, median ${milliseconds(median)}; nodes took ${milliseconds(nodesMs)} in all${between}.`;
}

function shares<T extends TimeShare>(
  items: readonly T[],
  titles: readonly string[],
  cells: (item: T) => string[],
): Table {
  const isNumber = (title: string): boolean => ['Nodes', 'Median', 'Longest'].includes(title);
  return {
    columns: [
      ...['Time', 'Share', 'Calls'].map((title) => ({ title, isNumber: true })),
      ...titles.map((title) => ({ title, isNumber: isNumber(title) })),
    ],
    rows: items.map((item) => [milliseconds(item.ms), percent(100 * item.share), count(item.calls), ...cells(item)]),
  };
}
