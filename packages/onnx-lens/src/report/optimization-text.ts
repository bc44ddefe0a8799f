import type { Proof } from '../rewrite/proof.js';
import type { CpuTime } from '../rewrite/cpu-time.js';
import type { ReleaseRow, RewrittenModel } from '../rewrite/optimize.js';
import type { PassRow } from '../rewrite/pass-rows.js';
import { bytes, count, percent, printable } from './format.js';
import type { Table } from './tables.js';
import { TextPage, type TerminalOptions } from './terminal.js';

/** Medians of runs in turn differ by less than this from run to run. */
const SLOWER_FROM = 1.1;

/** The table of passes, then the coverage before and after. */
export function optimizationText(result: RewrittenModel, options: TerminalOptions = {}): string {
  const page = new TextPage(options);
  page.line(page.colours.bold(printable(result.before.model)));
  const reasons = result.passes.filter((row) => row.reason !== null);
  if (result.provider === 'cpu') {
    page.section('Rewrites', nodesTable(result.passes));
    for (const { name, reason } of reasons) page.paragraph(`${name} ${reason ?? ''}.`, '  ', '- ');
  } else {
    page.section(
      `Rewrites, counted by the rules of ONNX Runtime ${result.ort}${result.releases.length > 1 ? ', which takes least of it' : ''}`,
      passesTable(result.passes),
    );
    for (const { name, reason } of reasons) page.paragraph(`${name} ${reason ?? ''}.`, '  ', '- ');
    page.section(`Coverage, ONNX Runtime ${result.ort}`, beforeAfterTable(result));
    if (result.releases.length > 1) page.section('By release of ONNX Runtime', releasesTable(result.releases));
  }
  if (!result.isChanged) {
    page.gap();
    page.paragraph('No rewrite helps this model.', '  ');
  }
  const hint = fixingHint(result);
  if (hint !== null) {
    page.gap();
    page.paragraph(hint, '  ');
  }
  return page.toString();
}

/** What fixing the dimensions that are still free would bring, where it brings anything. */
function fixingHint({ after, freeDimensions }: RewrittenModel): string | null {
  const fixed = after.variants.find(({ fixedShapes, format }) => fixedShapes && format === after.target.format);
  if (fixed === undefined || fixed.coverage <= after.coverage) return null;
  const figures = `${count(fixed.supported)} of ${count(fixed.nodes)} nodes in ${fixed.partitions === 1 ? '1 partition' : `${count(fixed.partitions)} partitions`}`;
  return `What is left has free dimensions in its way: with ${freeDimensions.map(printable).join(', ')} fixed it would be ${figures}, before further rewrites. Give your sizes with --fix, such as --fix ${freeDimensions.map((name) => `${printable(name)}=...`).join(',')}.`;
}

/** What was compared, each output's largest differences, and the verdict. */
export function proofText(title: string, proof: Proof, options: TerminalOptions = {}): string {
  const page = new TextPage(options);
  page.section(title, {
    columns: [column('Output'), number('Max abs'), number('Max rel'), column('First difference'), column('')],
    rows: proof.outputs.map((output) => [
      printable(output.name),
      difference(output.maxAbs),
      difference(output.maxRel),
      output.first === null
        ? '-'
        : `[${output.first.join(', ')}] ${output.values?.join(' → ') ?? 'other shape or type'}`,
      output.isIdentical ? 'bit-identical' : proof.tolerance === Infinity ? '' : output.isWithin ? 'within' : 'BEYOND',
    ]),
  });
  page.gap();
  const batches = proof.batches.length === 0 ? '' : ` in batches of each of ${proof.batches.join(', ')}`;
  const inputs =
    proof.seed === null
      ? `on the ${proof.samples} inputs given`
      : `on ${proof.samples} seeded inputs${batches}, from seed ${proof.seed}, and on ties and zeros`;
  page.paragraph(`${verdictOf(proof)}, ${inputs}, ONNX Runtime CPU.`, '  ');
  return page.toString();
}

/** What the rewrites for a provider cost, or bring, where a run stays on the CPU. */
export function cpuTimeText({ before, after }: CpuTime, options: TerminalOptions = {}): string {
  const page = new TextPage(options);
  const ms = (value: number): string => `${value.toPrecision(3)} ms`;
  const times = `On the CPU alone a run takes ${ms(after)} of processor time (${ms(before)} before, one thread)`;
  page.paragraph(
    after > before * SLOWER_FROM
      ? `${times}: the rewrites for the provider make it ${(after / before).toFixed(2)} times slower there, because they write out operators that the CPU has whole. Where the provider may be absent, open the original or the file that --provider cpu writes.`
      : `${times}.`,
    '  ',
  );
  return page.toString();
}

function verdictOf({ isIdentical, holds, tolerance, outputs }: Proof): string {
  if (isIdentical) return 'Every output is bit-identical';
  if (tolerance === Infinity)
    return `Outputs differ by up to ${difference(Math.max(...outputs.map(({ maxAbs }) => maxAbs)))} (no limit was set; --tolerance sets one)`;
  return `${holds ? 'Every output is within' : 'Some output is beyond'} ${tolerance} * max(1, usual largest |value|)`;
}

function passesTable(passes: readonly PassRow[]): Table {
  return {
    columns: [
      column('Rewrite'),
      number('Changed'),
      number('Nodes'),
      number('On the CPU'),
      number('Partitions'),
      number('Bytes across'),
      column(''),
      column('What it does'),
    ],
    rows: passes.map(({ name, summary, changed, before, after, outcome }) => [
      name,
      count(changed),
      arrow(count(before.nodes), count(after.nodes)),
      arrow(count(before.onCpu), count(after.onCpu)),
      arrow(count(before.partitions), count(after.partitions)),
      arrow(bytes(before.boundaryBytes), bytes(after.boundaryBytes)),
      outcome,
      summary,
    ]),
  };
}

/** On the CPU there are no partitions and nothing crosses: only nodes count. */
function nodesTable(passes: readonly PassRow[]): Table {
  return {
    columns: [column('Rewrite'), number('Changed'), number('Nodes'), column(''), column('What it does')],
    rows: passes.map(({ name, summary, changed, before, after, outcome }) => [
      name,
      count(changed),
      arrow(count(before.nodes), count(after.nodes)),
      outcome,
      summary,
    ]),
  };
}

function beforeAfterTable({ ort, releases, before, after }: RewrittenModel): Table {
  const release = releases.find((each) => each.ort === ort);
  const crossing = (side: 'before' | 'after'): string =>
    release === undefined ? '' : bytes(release[side].boundaryBytes);
  return {
    columns: [column(''), number('Before'), number('After')],
    rows: [
      ['Nodes', count(before.nodes), count(after.nodes)],
      ['On the provider', count(before.supported), count(after.supported)],
      ['On the CPU', count(before.cpu), count(after.cpu)],
      ['Coverage', percent(before.coverage), percent(after.coverage)],
      ['Partitions', count(before.partitions.length), count(after.partitions.length)],
      ['Bytes across', crossing('before'), crossing('after')],
      ['Impact', before.impact, after.impact],
    ],
  };
}

/** One row for neighbouring releases with the same figures. */
function releasesTable(releases: readonly ReleaseRow[]): Table {
  const figures = ({ before, after }: ReleaseRow): string[] => [
    arrow(count(before.onCpu), count(after.onCpu)),
    arrow(percent(before.coverage), percent(after.coverage)),
    arrow(count(before.partitions), count(after.partitions)),
    arrow(bytes(before.boundaryBytes), bytes(after.boundaryBytes)),
  ];
  const rows: { first: string; last: string; figures: string[] }[] = [];
  for (const release of releases) {
    const last = rows.at(-1);
    const own = figures(release);
    if (last?.figures.join() === own.join()) last.last = release.ort;
    else rows.push({ first: release.ort, last: release.ort, figures: own });
  }
  return {
    columns: [
      column('Release'),
      number('On the CPU'),
      number('Coverage'),
      number('Partitions'),
      number('Bytes across'),
    ],
    rows: rows.map(({ first, last, figures: own }) => [first === last ? first : `${first} to ${last}`, ...own]),
  };
}

function arrow(before: string, after: string): string {
  return before === after ? after : `${before} → ${after}`;
}

function difference(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

function column(title: string): Table['columns'][number] {
  return { title, isNumber: false };
}

function number(title: string): Table['columns'][number] {
  return { title, isNumber: true };
}
