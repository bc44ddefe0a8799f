import type { StageFigures } from '../../results/summary.js';
import type { Section } from './document.js';
import type { RunFacts, UtilizationFacts } from '../../results/facts.js';
import { gainsTable } from './gains.js';
import { givenModels, recommendForGiven } from './given-models.js';
import { countedGain, recommend, type Recommendation } from './recommendations.js';
import { providerTitle } from './utilization-section.js';
import { counted, gain as gainInWords, ms, overhead, percent, providerInWords, restOfCoverage } from '../../wording.js';

/** What to do, best first; and what has become of what was once recommended. */
export function recommendationSection(facts: RunFacts): Section {
  const all = recommend(facts);
  const given = recommendForGiven(facts);
  const took =
    facts.tookMs === null
      ? ''
      : ` Analysing and trying took ${ms(facts.tookMs)} after the video was done${facts.trialSeconds === null ? '' : `; trials of a network are ended after ${facts.trialSeconds} s`}.${keptClause(facts)}`;
  return {
    title: 'Optimization recommendations',
    blocks: [
      ...(all.length === 0
        ? [
            {
              kind: 'text' as const,
              text: "Nothing that was tried or computed would save a thousandth of this run's time.",
            },
          ]
        : []),
      ...(given.length === 0
        ? []
        : [
            {
              kind: 'text' as const,
              text: 'First what concerns this run, by gain; then the models that were given besides, by priority.',
            },
          ]),
    ],
    subsections: [
      ...[...all, ...given].map(subsectionOf),
      {
        title: 'What was expected once, and what was measured here',
        blocks: [
          {
            kind: 'text',
            text: `The analysis that this report grew from expected three gains without trying them. Tried on this machine's CPU, in pairs, medians.${took}`,
          },
          { kind: 'table', ...gainsTable(facts) },
        ],
      },
    ],
  };
}

function subsectionOf(each: Recommendation, place: number): Section['subsections'][number] {
  const expected = each.expectedGain === null ? 'not computed' : `${percent(each.expectedGain)} of ${each.of}`;
  return {
    title: `${place + 1}. ${each.title} (priority ${each.priority})`,
    blocks: [
      { kind: 'text', text: `Current: ${each.current}` },
      { kind: 'list', items: each.options },
      {
        kind: 'figures',
        rows: [
          ['Expected gain', `${expected}. ${each.basis}`],
          [
            'Measured gain',
            each.measuredGain === null
              ? 'not tried'
              : `${gainInWords(each.measuredGain)} of ${each.of}, on this machine's CPU`,
          ],
        ],
      },
    ],
  };
}

function keptClause({ keptFrom, disturbed }: RunFacts): string {
  const rough =
    disturbed.length === 0
      ? ''
      : ` Other programs kept the machine busy while ${disturbed.join(', ')} ${disturbed.length === 1 ? 'was' : 'were'} tried: these times are rough.`;
  const kept =
    keptFrom === null
      ? ''
      : ` What was found out about the same networks on this machine before, since ${keptFrom.slice(0, 16).replace('T', ' ')} UTC, was taken over; after a week (where other programs disturbed it, after an hour) it is found out anew.`;
  return rough + kept;
}

/** The closing table, and what it comes to. */
export function summarySection(facts: RunFacts): Section {
  const onCoreMl = facts.utilization.map((each) => [
    each.model,
    each.provider,
    `${each.coverage.toFixed(1)} %`,
    restOfCoverage(each.coverage),
    String(each.partitions),
    overhead(each.impact),
  ]);
  const inUse = facts.placements.map(({ model, provider, providers, runMs }) => {
    const total = providers.reduce((sum, { nodes }) => sum + nodes, 0) || 1;
    const onCpu = providers
      .filter((each) => providerTitle(each.provider) === 'CPU')
      .reduce((sum, { nodes }) => sum + nodes, 0);
    const share = ((provider === 'cpu' ? total : total - onCpu) / total) * 100;
    // Where the CPU is the provider, there is nothing that falls back to it.
    const fallback = provider === 'cpu' ? '-' : restOfCoverage(100 - (onCpu / total) * 100);
    return [
      model,
      `${providerInWords(provider)} (in use, measured)`,
      `${share.toFixed(1)} %`,
      fallback,
      onCpu === total ? '1' : 'not told',
      `${ms(runMs)} an inference`,
    ];
  });
  return {
    title: 'Summary',
    blocks: [
      {
        kind: 'table',
        head: ['Model', 'Provider', 'On provider', 'CPU', 'Partitions', 'Performance impact'],
        rows: [...onCoreMl, ...inUse],
      },
    ],
    subsections: [{ title: 'Overall assessment', blocks: [{ kind: 'list', items: assessment(facts) }] }],
  };
}

/** The stage with the most work. */
export function bottleneck(stages: readonly StageFigures[]): StageFigures | undefined {
  return stages.filter((each) => each.stage !== 'wait').toSorted((a, b) => b.totalMs - a.totalMs)[0];
}

function assessment(facts: RunFacts): string[] {
  const items: string[] = [];
  if (facts.providerAsked !== null)
    items.push(
      `${providerInWords(facts.providerAsked)} was asked for and could not be had: every figure of this run is of ${providerInWords(facts.provider)}.`,
    );
  const costliest = bottleneck(facts.profile.stages);
  if (costliest !== undefined)
    items.push(`The bottleneck is ${costliest.stage}: ${percent(costliest.share)} of the work.`);
  const dearest = facts.profile.models.toSorted((a, b) => b.inference.totalMs - a.inference.totalMs)[0];
  const dearestSplit = facts.utilization.find(({ model }) => model === dearest?.model);
  if (dearest !== undefined) {
    const split =
      dearestSplit === undefined
        ? ''
        : ` (on ${dearestSplit.provider}: ${dearestSplit.coverage.toFixed(1)} % in ${counted(dearestSplit.partitions, 'partition')})`;
    items.push(`The most expensive model is ${dearest.model}: ${ms(dearest.inference.totalMs)} of inference${split}.`);
  }
  const split = facts.utilization.filter((each) => each.partitions > 1).toSorted((a, b) => b.partitions - a.partitions);
  const worst = split[0];
  items.push(
    worst === undefined
      ? 'Core ML would take no model in more than one part.'
      : `Core ML would take ${counted(split.length, 'model')} in several parts; most of all ${worst.model} on ${worst.provider}: ${worst.coverage.toFixed(1)} % in ${worst.partitions} partitions.`,
  );
  const given = givenModels(facts);
  items.push(
    ...operatorsLeft(
      facts.utilization.filter((each) => !given.includes(each)),
      "this run's models",
    ),
    ...operatorsLeft(given, 'the models given besides'),
  );
  const gain = 1 - recommend(facts).reduce((rest, each) => rest * (1 - countedGain(each)), 1);
  items.push(
    gain === 0
      ? 'Nothing that was tried or computed here would make this run faster.'
      : `Potential of all recommendations for this run together: ${percent(gain)} of its time at most.`,
  );
  return items;
}

function operatorsLeft(models: readonly UtilizationFacts[], whose: string): string[] {
  const nodes = models.reduce((sum, each) => sum + each.nodes, 0);
  const left = models.reduce((sum, each) => sum + each.cpu, 0);
  if (nodes === 0) return [];
  return [
    left === 0
      ? `With Core ML, every operator of ${whose} would run there.`
      : `With Core ML, ${percent(left / nodes)} of the operators of ${whose} (${left} of ${nodes}) would stay on the CPU.`,
  ];
}
