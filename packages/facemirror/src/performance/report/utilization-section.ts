import type { Block, Section } from './document.js';
import type { PlacementFacts, RunFacts, UtilizationFacts } from '../../results/facts.js';
import { counted, megabytes, ms, overhead, percent, providerInWords } from '../../wording.js';

/**
 * How each model lands on the provider in use, as ONNX Runtime's profile says, and on Core ML, as the analysis says.
 */
export function utilizationSection(facts: RunFacts): Section {
  const models = [...new Set([...facts.placements, ...facts.utilization].map(({ model }) => model))];
  const rules = [...new Set(facts.utilization.map((each) => each.rules))];
  return {
    title: 'Accelerator utilization by model',
    blocks: [
      {
        kind: 'text',
        text: `Operators are counted on the graph that ONNX Runtime ${facts.machine.onnxRuntime} hands to its providers; other releases simplify it a little more or less before, by a few operators. "On Core ML" means handed to Core ML: only Core ML itself decides what of it runs on the Neural Engine, the GPU or the CPU.`,
      },
      ...(facts.providerReason === null
        ? []
        : [
            {
              kind: 'text' as const,
              text: `This run's networks ran on ${providerInWords(facts.provider)}: ${facts.providerReason}`,
            },
          ]),
      ...rules.map((text): Block => ({ kind: 'text', text })),
    ],
    subsections: models.map((model, place) => {
      const onCoreMl = facts.utilization.filter((each) => each.model === model);
      const placement = facts.placements.find((each) => each.model === model);
      const job = onCoreMl[0]?.job ?? placement?.job ?? '';
      return {
        title: `${place + 1}. ${model}${job === '' ? '' : ` (${job})`}`,
        blocks: [...onCoreMl.flatMap(coreMlBlocks), ...(placement === undefined ? [] : placementBlocks(placement))],
      };
    }),
  };
}

function coreMlBlocks(each: UtilizationFacts): Block[] {
  return [
    {
      kind: 'figures',
      rows: [
        ['File', each.file],
        ['Total operators', String(each.nodes)],
        [`On ${each.provider}`, String(each.supported)],
        ['CPU fallback operators', String(each.cpu)],
        ['Coverage', `${each.coverage.toFixed(1)} %`],
        ['Coverage of the arithmetic', percent(each.macsShare)],
        ['Partitions', String(each.partitions)],
        ['Into and out of its partitions', `${crossing(each)} an inference`],
      ],
    },
    { kind: 'text', text: utilizationAnalysis(each) },
    ...(each.causes.length === 0 ? [] : [{ kind: 'list' as const, items: each.causes.slice(0, 5).map(causeLine) }]),
  ];
}

/** What crosses the borders of its partitions in one inference. */
export function crossing({ boundaryBytes, crossesFree }: UtilizationFacts): string {
  return `${megabytes(boundaryBytes)}${crossesFree ? ' (free dimensions counted as 1)' : ''}`;
}

/** On the provider that the run used, measured. */
function placementBlocks({ provider, runMs, providers, operators }: PlacementFacts): Block[] {
  const total = providers.reduce((sum, { nodes }) => sum + nodes, 0);
  const split =
    providers.length < 2
      ? ''
      : ` ${providers.map((each) => `${counted(each.nodes, 'operator')} on ${providerTitle(each.provider)} took ${percent(each.share)} of the time`).join('; ')}.`;
  const top = operators.map(({ opType, share }) => `${opType} ${percent(share)}`).join(', ');
  return [
    {
      kind: 'text',
      text: `In use here, on ${providerInWords(provider)}: ${counted(total, 'operator')} after ONNX Runtime's own fusions, ${ms(runMs)} an inference by its profile.${split} Most time goes to ${top}.`,
    },
  ];
}

/** `CPUExecutionProvider` as a reader knows it. */
export function providerTitle(name: string): string {
  return name.replace(/ExecutionProvider$/, '') || name;
}

function utilizationAnalysis(each: UtilizationFacts): string {
  const split =
    each.partitions === 0
      ? `No node of this model goes to ${each.provider}`
      : each.partitions === 1 && each.cpu === 0
        ? `The whole model is one partition on ${each.provider}`
        : `${each.coverage.toFixed(1)} % of the nodes, in ${counted(each.partitions, 'partition')}, run on ${each.provider}, so that each inference changes ${counted(2 * each.partitions, 'time')} between it and the CPU`;
  return `${split}: ${overhead(each.impact)}. ${each.advice}`;
}

function causeLine(cause: UtilizationFacts['causes'][number]): string {
  const saved = cause.partitionsSaved > 0 ? `; without it ${counted(cause.partitionsSaved, 'partition')} fewer` : '';
  return `${counted(cause.nodes, 'node')}: ${cause.text}${saved}`;
}
