import type { ModelFigures } from '../summary.js';
import type { RunFacts, Trial } from './facts.js';
import { busyShare, itemsPerCall, shareOfWork, trialGain } from './gains.js';
import { counted, ms, percent } from '../../wording.js';

/** Gains below a thousandth of the run's time are not worth a reader's. */
const WORTH_SAYING = 0.001;

/** Less than what `--batch auto` asks of a batch is no more than the spread of the measurements. */
const WORTH_BATCHING = 0.05;

/** Something to do about the speed of a run. */
export interface Recommendation {
  readonly title: string;
  readonly current: string;
  readonly options: readonly string[];
  /** Part of the run's wall time that it would save at most, 0 to 1, computed from this run's figures. */
  readonly expectedGain: number;
  /** How the expectation was computed. */
  readonly basis: string;
  /** What trying it on this machine saved, as a part of the run's wall time; null when it was not tried. */
  readonly measuredGain: number | null;
  readonly priority: 'HIGH' | 'MEDIUM' | 'LOW';
}

/**
 * What would make this run faster, best first. Gains are parts of the run's wall time. Work that overlaps (stages run
 * side by side on several cores) is counted at its share of all CPU work, so that gains are never promised twice.
 */
export function recommend(facts: RunFacts): Recommendation[] {
  return [
    ...facts.profile.models.flatMap((model) => [reducePartitions(facts, model), batchInference(facts, model)]),
    precompile(facts),
    useIdleCores(facts),
    cheaperEncoding(facts),
  ]
    .filter((each) => each !== null)
    // What was tried and brought nothing is no recommendation.
    .filter((each) => (each.measuredGain ?? each.expectedGain) >= WORTH_SAYING)
    .toSorted((a, b) => (b.measuredGain ?? b.expectedGain) - (a.measuredGain ?? a.expectedGain));
}

function reducePartitions(facts: RunFacts, model: ModelFigures): Recommendation | null {
  const utilization = facts.utilization.find((each) => each.model === model.model && each.partitions > 1);
  const trial = findTrial(facts, 'rewrite', model.model);
  if (utilization === undefined && trial === null) return null;
  // On the provider, the nodes left behind are what a rewrite can bring back: their part of the arithmetic bounds the gain.
  const expected = utilization === undefined ? 0 : shareOfWork(facts, model) * (1 - utilization.macsShare);
  return recommendation({
    title: `Reduce partitioning of ${model.model}`,
    current:
      utilization === undefined
        ? 'One partition.'
        : `${counted(utilization.partitions, 'partition')} at ${utilization.coverage.toFixed(1)} % of nodes on ${utilization.provider}.`,
    options: [
      'Rewrite the graph: onnx-lens optimize proves that the result computes the same.',
      ...(utilization?.causes.slice(0, 3).map((cause) => `${cause.text} (${counted(cause.nodes, 'node')})`) ?? []),
    ],
    expectedGain: expected,
    basis: `${model.model} is ${percent(shareOfWork(facts, model))} of the run's work, and only what is left to the CPU can gain.`,
    measuredGain: trial === null ? null : shareOfWork(facts, model) * trialGain(trial),
  });
}

function batchInference(facts: RunFacts, model: ModelFigures): Recommendation | null {
  const trial = findTrial(facts, 'batch', model.model);
  if (trial === null || trialGain(trial) < WORTH_BATCHING || itemsPerCall(model) > 1) return null;
  const share = shareOfWork(facts, model);
  const { expected, basis } = expectedOfBatch(facts, model, share);
  return recommendation({
    title: `Batch inference of ${model.model}`,
    current: `One item an inference, ${ms(model.inference.meanMs)} in this run.`,
    options: [`${trial.what}: ${ms(trial.beforeMs)} to ${ms(trial.afterMs)} (adds latency).`],
    expectedGain: expected,
    basis,
    measuredGain: share * trialGain(trial),
  });
}

/** By the batches that were measured when the run began, where they were; else no more than the network's whole part. */
function expectedOfBatch({ batching }: RunFacts, { model }: ModelFigures, share: number): { readonly expected: number; readonly basis: string } {
  const facts = batching[model];
  const times = facts?.chosen === 'measured' ? facts.curve.points.map(({ msPerFrame }) => msPerFrame) : [];
  const [single] = times;
  if (single === undefined) return { expected: share, basis: `${model} is ${percent(share)} of the run's work; a batch can save no more.` };
  return { expected: share * (1 - Math.min(...times) / single), basis: `${model} is ${percent(share)} of the run's work; of it, what the batches saved that were measured when it was opened.` };
}

function precompile(facts: RunFacts): Recommendation | null {
  const open = facts.profile.models.filter(({ model }) => !facts.compiled.includes(model));
  const created = open.reduce((sum, model) => sum + (model.warmUp?.createMs ?? 0), 0);
  const trials = open.flatMap(({ model }) => findTrial(facts, 'precompile', model) ?? []);
  if (created === 0) return null;
  const saved = trials.reduce((sum, trial) => sum + Math.max(0, trial.beforeMs - trial.afterMs), 0);
  return recommendation({
    title: 'Pre-compiled models',
    current: `Opening the sessions took the first worker ${ms(created)} of this run.`,
    options:
      trials.length === 0
        ? ['onnx-lens compile prepares a model, so that a session opens without optimizing its graph.']
        : trials.map((trial) => `${trial.model}: ${ms(trial.beforeMs)} to open as exported, ${ms(trial.afterMs)} prepared.`),
    expectedGain: facts.profile.wallMs === 0 ? 0 : created / facts.profile.wallMs,
    basis: 'No more than all of the time that opening takes.',
    measuredGain: trials.length === 0 || facts.profile.wallMs === 0 ? null : saved / facts.profile.wallMs,
  });
}

/** Cores that other programs kept busy are not idle: nothing here would get them. */
function useIdleCores(facts: RunFacts): Recommendation | null {
  const { cores, idleShare } = facts.profile;
  const busy = busyShare(facts.profile);
  const idle = Math.max(0, idleShare ?? 1 - busy);
  if (idle < 0.1) return null;
  return recommendation({
    title: 'Keep all cores busy',
    current: `${percent(busy)} of ${counted(cores, 'core')} used by this run with ${counted(facts.workers, 'worker')}, ${percent(idle)} by nobody.`,
    options: ['Several videos at once: give them in one command, --jobs auto.', '--workers: another worker needs the memory of its sessions (see Memory).'],
    expectedGain: idle,
    basis: 'The time in which cores stood idle.',
    measuredGain: null,
  });
}

function cheaperEncoding(facts: RunFacts): Recommendation | null {
  const encode = facts.profile.stages.find((stage) => stage.stage === 'encode');
  if (encode === undefined || encode.share < 0.25 || facts.encodedVideos === 0) return null;
  return recommendation({
    title: 'Encode less, or in hardware',
    current: `${counted(facts.encodedVideos, 'video')} by ${facts.encoder}, ${percent(encode.share)} of the work.`,
    options: ['--no-debug-video leaves one video out.', '--encoder: a hardware encoder where the machine has one.'],
    expectedGain: encode.share / facts.encodedVideos,
    basis: 'One of the videos less.',
    measuredGain: null,
  });
}

function recommendation(parts: Omit<Recommendation, 'priority'>): Recommendation {
  const gain = parts.measuredGain ?? parts.expectedGain;
  return { ...parts, priority: gain >= 0.15 ? 'HIGH' : gain >= 0.05 ? 'MEDIUM' : 'LOW' };
}

function findTrial(facts: RunFacts, kind: Trial['kind'], model: string): Trial | null {
  return facts.trials.find((trial) => trial.kind === kind && trial.model === model) ?? null;
}
