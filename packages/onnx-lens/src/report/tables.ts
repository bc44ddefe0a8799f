import type { CoverageResult } from '../coverage/result.js';
import type { LogComparison } from '../logs/compare.js';
import { bytes, count, macs, percent, printable, share, tally } from './format.js';
import { providerTitle, variantTitle } from './wording.js';

/** A table that every face draws in its own way. */
export interface Table {
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

const text = (title: string): Table['columns'][number] => ({ title, isNumber: false });
const number = (title: string): Table['columns'][number] => ({ title, isNumber: true });

/** The five figures, in the order of the document that this tool grew from. */
export function figures(result: CoverageResult): readonly (readonly [label: string, value: string])[] {
  return [
    ['Total operators', count(result.nodes)],
    [`${providerTitle(result.target)} operators`, count(result.supported)],
    ['CPU fallback operators', count(result.cpu)],
    [`${providerTitle(result.target)} coverage`, percent(result.coverage)],
    [`${providerTitle(result.target)} partitions`, count(result.partitions.length)],
  ];
}

/** The four ways to run the file: one column each. Empty rows for a provider without formats. */
export function variantsTable({ variants }: CoverageResult): Table {
  if (variants.length === 0) return { columns: [], rows: [] };
  return {
    columns: [text(''), ...variants.map((variant) => number(variantTitle(variant)))],
    rows: [
      ['Nodes', ...variants.map(({ nodes }) => count(nodes))],
      ['On the provider', ...variants.map(({ supported }) => count(supported))],
      ['On the CPU', ...variants.map(({ nodes, supported }) => count(nodes - supported))],
      ['Coverage', ...variants.map(({ coverage }) => percent(coverage))],
      // A package is one piece, or is not made.
      ['Partitions', ...variants.map(({ partitions }) => (partitions === 0 ? '-' : count(partitions)))],
    ],
  };
}

/** Why nodes are left behind, costliest first. */
export function causesTable({ causes, partitions }: CoverageResult): Table {
  return {
    columns: [number('Partitions without it'), number('Saved'), number('Nodes'), text('Operators'), text('Why')],
    rows: causes.map(({ partitionsWithout, partitionsSaved, nodes, opTypes, text: why }) => [
      `${count(partitions.length)} → ${count(partitionsWithout)}`,
      count(partitionsSaved),
      count(nodes.length),
      printable(opTypes.join(', ')),
      printable(why),
    ]),
  };
}

/** One row a partition. */
export function partitionsTable({ partitions, perNode }: CoverageResult): Table {
  return {
    columns: [
      number('#'),
      number('Nodes'),
      number('In'),
      number('Out'),
      number('Bytes across'),
      number('MACs'),
      number('Weights'),
      text('Operators'),
    ],
    rows: partitions.map(({ index, nodes, inputs, outputs, boundaryBytes, macs: work, weightBytes }) => {
      const isBound = [...inputs, ...outputs].some((tensor) => tensor.bytes === null);
      return [
        String(index),
        count(nodes.length),
        count(inputs.length),
        count(outputs.length),
        `${isBound ? '≥ ' : ''}${bytes(boundaryBytes)}`,
        macs(work),
        bytes(weightBytes),
        printable(
          tally(
            nodes.map((node) => perNode[node]?.opType ?? '?'),
            5,
          ),
        ),
      ];
    }),
  };
}

/** One row for each graph inside an If, Loop or Scan. */
export function subgraphsTable({ subgraphs, target }: CoverageResult): Table {
  return {
    columns: [
      number('Nodes'),
      number(`${subgraphs.some(({ visited }) => visited) ? 'On' : 'Could be on'} ${providerTitle(target)}`),
      number('Partitions'),
      text('Where'),
      text('What it costs most'),
    ],
    rows: subgraphs.map(({ path, judged, nodes, supported, partitions, causes }) => [
      count(nodes),
      judged ? count(supported) : '?',
      judged ? count(partitions.length) : '?',
      printable(path),
      judged ? printable(causes[0]?.text ?? '') : 'not judged',
    ]),
  };
}

/** Nodes, arithmetic and weights on each side. */
export function workTable(result: CoverageResult): Table {
  const { macsOnProvider, macsOnCpu, weightBytesOnProvider, weightBytesOnCpu } = result.work;
  const row = (what: string, here: number, there: number, unit: (value: number) => string): string[] => [
    what,
    unit(here),
    share(here, here + there),
    unit(there),
    share(there, here + there),
  ];
  return {
    columns: [
      text('Share of'),
      number(`On ${providerTitle(result.target)}`),
      number(''),
      number('On the CPU'),
      number(''),
    ],
    rows: [
      row('Nodes', result.supported, result.cpu, count),
      row('Multiply-accumulates', macsOnProvider, macsOnCpu, macs),
      row('Weight bytes', weightBytesOnProvider, weightBytesOnCpu, bytes),
    ],
  };
}

/** The figures of a prediction beside those of a log. */
export function comparisonTable({ figures: compared }: LogComparison): Table {
  const title = {
    nodes: 'Nodes',
    supported: 'On the provider',
    cpu: 'On the CPU',
    coverage: 'Coverage',
    partitions: 'Partitions',
  } as const;
  return {
    columns: [text(''), number('Predicted'), number('Logged'), text('')],
    rows: compared.map(({ what, predicted, logged }) => {
      const show = what === 'coverage' ? percent : count;
      return [
        title[what],
        show(predicted),
        logged === null ? '-' : show(logged),
        logged === null ? 'not in the log' : Math.abs(predicted - logged) < 0.05 ? 'same' : 'differs',
      ];
    }),
  };
}

/** Nodes on which prediction and log differ. Empty when the log names none. */
export function differingNodesTable({ nodes }: LogComparison): Table {
  const side = (isTaken: boolean, reason: string): string =>
    isTaken ? 'taken' : reason === '' ? 'left' : `left: ${reason}`;
  return {
    columns: [number('#'), text('Operator'), text('Name'), text('Predicted'), text('Logged')],
    rows: (nodes?.differing ?? []).map(({ index, opType, name, predicted, logged, predictedReason, loggedReasons }) => [
      String(index),
      printable(opType),
      printable(name),
      printable(side(predicted, predictedReason ?? '')),
      printable(side(logged, loggedReasons.join('; '))),
    ]),
  };
}
