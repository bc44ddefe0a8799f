import type { LogNotice, LogReport, LogSession, LoggedCapability, LoggedEstimate } from '../logs/facts.js';
import { count, plural, printable, share, tally } from './format.js';
import type { Table } from './tables.js';
import { shortProvider, TextPage, type TerminalOptions } from './terminal.js';

/** Refused nodes that are listed one by one in text; JSON holds all. */
const MOST_REFUSALS = 40;

/** What a log tells, as text. */
export function logText(report: LogReport, options: TerminalOptions = {}): string {
  const page = new TextPage(options);
  page.line(
    `${plural(report.lines, 'line')}, ${count(report.runtimeLines)} of ONNX Runtime, ${plural(report.sessions.length, 'session')} with facts about providers`,
  );
  if (report.sessions.length === 0) {
    page.gap();
    page.paragraph(
      'Nothing here tells where nodes run. Log at INFO to see what a provider takes, at VERBOSE (severity 0) to see every node.',
    );
  }
  report.sessions.forEach((session, place) => sessionText(page, session, place + 1));
  return page.toString();
}

function sessionText(page: TextPage, session: LogSession, number: number): void {
  const id = session.logger === '' ? '' : ` "${printable(session.logger)}"`;
  page.heading(`Session ${number}${id}, lines ${session.firstLine} to ${session.lastLine}`);
  for (const capability of session.capabilities) capabilityText(page, capability);
  for (const estimate of session.estimates) estimateText(page, estimate);
  for (const { provider, nodes, all, list } of session.placements) {
    const what = nodes === null ? 'all nodes' : all ? `all ${plural(nodes, 'node')}` : plural(nodes, 'node');
    const types =
      list.length === 0
        ? ''
        : `: ${printable(
            tally(
              list.map(({ opType }) => opType),
              8,
            ),
          )}`;
    page.paragraph(`placed on ${shortProvider(provider)}: ${what}${types}`, '  ');
  }
  const taken = session.placements.some(({ provider }) => /CoreML|NNAPI|Nnapi|QNN|WebNN/.test(provider));
  if (taken) page.paragraph('In placements a partition counts as one node.', '  ');
  for (const [notice, times] of noticeCounts(session.notices))
    page.paragraph(times > 1 ? `${notice} (${times} times)` : notice, '  ', '! ');
}

function capabilityText(
  page: TextPage,
  { provider, partitions, nodes, supported, verdicts, line }: LoggedCapability,
): void {
  const figure = (value: number | null): string => (value === null ? '-' : count(value));
  page.gap();
  page.line(`  ${page.colours.bold(shortProvider(provider))} ${page.colours.dim(`(line ${line})`)}`);
  const isBoth = nodes !== null && supported !== null;
  page.table({
    columns: [
      { title: 'Total operators', isNumber: true },
      { title: 'On it', isNumber: true },
      { title: 'On others', isNumber: true },
      { title: 'Coverage', isNumber: true },
      { title: 'Partitions', isNumber: true },
    ],
    rows: [
      [
        figure(nodes),
        figure(supported),
        figure(isBoth ? nodes - supported : null),
        isBoth ? share(supported, nodes) : '-',
        figure(partitions),
      ],
    ],
  });
  const refused = verdicts.filter((verdict) => !verdict.supported);
  if (verdicts.length === 0) return;
  page.paragraph(
    `${plural(verdicts.length, 'node')} asked one by one, ${count(refused.length)} refused${refused.length === 0 ? '' : `: ${printable(tally(refused.map(({ opType }) => opType)))}`}`,
    '  ',
  );
  if (refused.length === 0) return;
  const refusals: Table = {
    columns: [
      { title: 'Index', isNumber: true },
      { title: 'Operator', isNumber: false },
      { title: 'Name', isNumber: false },
      { title: 'Logged before it', isNumber: false },
    ],
    rows: refused
      .slice(0, MOST_REFUSALS)
      .map(({ index, opType, name, reasons }) => [
        String(index),
        printable(opType),
        printable(name),
        printable(reasons.join('; ')),
      ]),
  };
  page.table(refusals);
  if (refused.length > MOST_REFUSALS)
    page.paragraph(`and ${plural(refused.length - MOST_REFUSALS, 'node')} more (--json has all)`, '  ');
}

function estimateText(page: TextPage, estimate: LoggedEstimate): void {
  const { provider, partitions, nodes, supported, partitionSizes, unsupportedOps, conclusion, line } = estimate;
  page.gap();
  const shapes = estimate.shapesFixed ? ', with all dimensions fixed' : '';
  page.line(
    `  ${page.colours.bold(printable(provider))} ${page.colours.dim(`(line ${line}; an estimate of ONNX Runtime's usability checker${shapes})`)}`,
  );
  const sizes = partitionSizes.length === 0 ? '' : ` of ${partitionSizes.map(count).join(', ')} nodes`;
  page.paragraph(
    `${count(supported)} of ${plural(nodes, 'node')} (${share(supported, nodes)}) in ${plural(partitions, 'partition')}${sizes}`,
    '  ',
  );
  const refusals = [
    [estimate.refusedByOperator, 'for the operator'],
    [estimate.refusedByDynamicShape, 'for an input whose size is not fixed'],
    [estimate.refusedByRank, 'for the rank'],
  ].flatMap(([number, why]) => (typeof number === 'number' && number > 0 ? [`${count(number)} ${why}`] : []));
  if (refusals.length > 0) page.paragraph(`refused: ${refusals.join(', ')}`, '  ');
  if (unsupportedOps.length > 0) page.paragraph(`operators: ${printable(unsupportedOps.join(', '))}`, '  ');
  if (conclusion !== null) page.paragraph(printable(conclusion), '  ', '! ');
}

function noticeCounts(notices: readonly LogNotice[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const notice of notices) {
    const words = noticeWords(notice);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return counts;
}

function noticeWords(notice: LogNotice): string {
  switch (notice.kind) {
    case 'not-preferred':
      return 'Some nodes are not on the providers that were asked for.';
    case 'forced-to-cpu':
      return `ONNX Runtime moved ${notice.node} to the CPU, as it deems that faster.`;
    case 'no-kernel':
      return `${notice.provider} has no kernel for ${notice.opType} ${notice.node}.`;
    case 'copies':
      return `${plural(notice.count, 'copy').replace(/copys$/, 'copies')} between devices added for ${notice.provider}.`;
    case 'message':
      return `${notice.severity} ${notice.where}: ${notice.text}`;
  }
}
