import type { StageFigures } from '../summary.js';
import type { Section } from './document.js';
import type { RunFacts } from './facts.js';
import { gainsTable } from './gains.js';
import { recommend } from './recommendations.js';
import { providerTitle } from './utilization-section.js';
import { counted, ms, percent } from '../../wording.js';

/** What to do, best first; and what has become of what was once recommended. */
export function recommendationSection(facts: RunFacts): Section {
  const all = recommend(facts);
  const took = facts.tookMs === null ? '' : ` Analysing and trying took ${ms(facts.tookMs)} after the video was done${facts.trialSeconds === null ? '' : `; trials of a network are ended after ${facts.trialSeconds} s`}.`;
  return {
    title: 'Optimization recommendations',
    blocks: all.length === 0 ? [{ kind: 'text', text: 'Nothing stands out: the cores are busy and no model is split.' }] : [],
    subsections: [
      ...all.map((each, place) => ({
        title: `${place + 1}. ${each.title} (priority ${each.priority})`,
        blocks: [
          { kind: 'text' as const, text: `Current: ${each.current}` },
          { kind: 'list' as const, items: each.options },
          {
            kind: 'figures' as const,
            rows: [
              ['Expected gain', `${percent(each.expectedGain)} of the run's time at most. ${each.basis}`],
              ['Measured gain', each.measuredGain === null ? 'not tried' : `${percent(each.measuredGain)} of the run's time`],
            ] as const,
          },
        ],
      })),
      {
        title: 'What was expected once, and what was measured here',
        blocks: [
          { kind: 'text', text: `The analysis that this report grew from expected three gains without trying them. Tried on this machine's CPU, in pairs, medians.${took}` },
          { kind: 'table', ...gainsTable(facts) },
        ],
      },
    ],
  };
}

/** The closing table, and what it comes to. */
export function summarySection(facts: RunFacts): Section {
  const onCoreMl = facts.utilization.map((each) => [
    each.model,
    each.provider,
    `${each.coverage.toFixed(1)} %`,
    `${(100 - each.coverage).toFixed(1)} %`,
    String(each.partitions),
    `${each.impact} overhead`,
  ]);
  const inUse = facts.placements.map(({ model, provider, providers }) => {
    const total = providers.reduce((sum, { nodes }) => sum + nodes, 0) || 1;
    const onCpu = providers.filter((each) => providerTitle(each.provider) === 'CPU').reduce((sum, { nodes }) => sum + nodes, 0);
    const share = provider === 'cpu' ? 1 : 1 - onCpu / total;
    return [model, `${provider} (in use, measured)`, percent(share), provider === 'cpu' ? 'all' : percent(onCpu / total), '', ''];
  });
  return {
    title: 'Summary',
    blocks: [{ kind: 'table', head: ['Model', 'Provider', 'On provider', 'CPU', 'Partitions', 'Performance impact'], rows: [...onCoreMl, ...inUse] }],
    subsections: [{ title: 'Overall assessment', blocks: [{ kind: 'list', items: assessment(facts) }] }],
  };
}

/** The stage with the most work. */
export function bottleneck(stages: readonly StageFigures[]): StageFigures | undefined {
  return stages.filter((each) => each.stage !== 'wait').toSorted((a, b) => b.totalMs - a.totalMs)[0];
}

function assessment(facts: RunFacts): string[] {
  const items: string[] = [];
  const costliest = bottleneck(facts.profile.stages);
  if (costliest !== undefined) items.push(`The bottleneck is ${costliest.stage}: ${percent(costliest.share)} of the work.`);
  const dearest = facts.profile.models.toSorted((a, b) => b.inference.totalMs - a.inference.totalMs)[0];
  const dearestSplit = facts.utilization.find(({ model }) => model === dearest?.model);
  if (dearest !== undefined) {
    const split = dearestSplit === undefined ? '' : ` (on ${dearestSplit.provider}: ${dearestSplit.coverage.toFixed(1)} % in ${counted(dearestSplit.partitions, 'partition')})`;
    items.push(`The most expensive model is ${dearest.model}: ${ms(dearest.inference.totalMs)} of inference${split}.`);
  }
  const split = facts.utilization.filter((each) => each.partitions > 1).toSorted((a, b) => b.partitions - a.partitions);
  const worst = split[0];
  items.push(
    worst === undefined
      ? 'No model is split over providers.'
      : `${counted(split.length, 'model')} split over providers; most of all ${worst.model} on ${worst.provider}: ${worst.coverage.toFixed(1)} % in ${worst.partitions} partitions.`,
  );
  const nodes = facts.utilization.reduce((sum, each) => sum + each.nodes, 0);
  const left = facts.utilization.reduce((sum, each) => sum + each.cpu, 0);
  if (nodes > 0) items.push(`${percent(left / nodes)} of all operators would stay on the CPU on Core ML.`);
  const gain = 1 - recommend(facts).reduce((rest, each) => rest * (1 - (each.measuredGain ?? each.expectedGain)), 1);
  items.push(`Potential of all recommendations together: ${percent(gain)} of the run's time at most.`);
  return items;
}
