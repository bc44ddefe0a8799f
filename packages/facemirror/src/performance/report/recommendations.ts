import type { ModelFigures } from '../../results/summary.js';
import type { RunFacts, Trial } from '../../results/facts.js';
import { busyShare, itemsPerCall, shareOfWork, trialGain } from './gains.js';
import { counted, ms, percent } from '../../wording.js';

/** Gains below a thousandth of the run's time are not worth a reader's. */
const WORTH_SAYING = 0.001;

/** Less than what `--batch auto` asks of a batch is no more than the spread of the measurements. */
const WORTH_BATCHING = 0.05;

/** What opening the networks must take of a run to be worth a word, and what one video's encoding must. */
const WORTH_JOINING = 0.05;
const WORTH_ENCODING_LESS = 0.01;

/** Something to do about the speed of a run. */
export interface Recommendation {
  readonly title: string;
  readonly current: string;
  readonly options: readonly string[];
  /** What gains are parts of: the run's wall time, or for a model that is no part of the run its own. */
  readonly of: "the run's time" | 'its inference' | 'its opening';
  /** Part that it would save, 0 to 1, computed from this run's figures; null where the run has none of that model. */
  readonly expectedGain: number | null;
  /** How the expectation was computed, and whether it is a bound. */
  readonly basis: string;
  /** What trying it on this machine's CPU saved; null when it was not tried. */
  readonly measuredGain: number | null;
  readonly priority: 'HIGH' | 'MEDIUM' | 'LOW';
}

/** The gain that counts: what was measured where something was, else what is expected. */
export function countedGain({ measuredGain, expectedGain }: Recommendation): number {
  return measuredGain ?? expectedGain ?? 0;
}

/**
 * What would make this run faster, best first. Gains are parts of the run's wall time. Work that overlaps (stages run
 * side by side on several cores) is counted at its share of all CPU work, so that gains are never promised twice.
 */
export function recommend(facts: RunFacts): Recommendation[] {
  return (
    [
      ...facts.profile.models.flatMap((model) => [reducePartitions(facts, model), batchInference(facts, model)]),
      precompile(facts),
      severalVideos(facts),
      useIdleCores(facts),
      cheaperEncoding(facts),
    ]
      .filter((each) => each !== null)
      // What was tried and brought nothing is no recommendation.
      .filter((each) => countedGain(each) >= WORTH_SAYING)
      .toSorted((a, b) => countedGain(b) - countedGain(a))
  );
}

function reducePartitions(facts: RunFacts, model: ModelFigures): Recommendation | null {
  const utilization = facts.utilization.find((each) => each.model === model.model && each.partitions > 1);
  const trial = findTrial(facts, 'rewrite', model.model);
  if (utilization === undefined && trial === null) return null;
  // On the provider, the nodes left behind are what a rewrite can bring back.
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
    basis: `${model.model} is ${percent(shareOfWork(facts, model))} of the run's work${utilization === undefined ? '' : `; of its arithmetic, ${utilization.provider} would leave ${percent(1 - utilization.macsShare)} to the CPU. The hand-overs at the borders come on top: what they cost only a run there can tell`}.`,
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

/**
 * By the batches that were measured when the run began, where they were; else no more than the network's whole part.
 */
function expectedOfBatch(
  { batching }: RunFacts,
  { model }: ModelFigures,
  share: number,
): { readonly expected: number; readonly basis: string } {
  const facts = batching[model];
  const times = facts?.chosen === 'measured' ? facts.curve.points.map(({ msPerFrame }) => msPerFrame) : [];
  const [single] = times;
  if (single === undefined)
    return {
      expected: share,
      basis: `At most: ${model} is ${percent(share)} of the run's work, and a batch can save no more.`,
    };
  return {
    expected: share * (1 - Math.min(...times) / single),
    basis: `${model} is ${percent(share)} of the run's work; of it, what the batches saved that were measured when it was opened.`,
  };
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
        : trials.map(
            (trial) => `${trial.model}: ${ms(trial.beforeMs)} to open as exported, ${ms(trial.afterMs)} prepared.`,
          ),
    expectedGain: facts.profile.wallMs === 0 ? 0 : created / facts.profile.wallMs,
    basis: 'At most: all of the time that opening takes.',
    measuredGain: trials.length === 0 || facts.profile.wallMs === 0 ? null : saved / facts.profile.wallMs,
  });
}

/** The networks are opened once for all videos of a command. */
function severalVideos({ profile: { opening, wallMs } }: RunFacts): Recommendation | null {
  if (opening === undefined || wallMs === 0 || opening.wallMs / wallMs < WORTH_JOINING) return null;
  return recommendation({
    title: 'Process several videos in one command',
    current: `Opening the networks and the video took ${ms(opening.wallMs)} of ${ms(wallMs)}.`,
    options: ['facemirror run a.mp4 b.mp4, or a folder: the networks are opened once.'],
    expectedGain: opening.wallMs / wallMs,
    basis: 'At most, with many such videos: what opening took of this run.',
    measuredGain: null,
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
    options: [
      'Several videos at once: give them in one command, --jobs auto.',
      '--workers: another worker needs the memory of its sessions (see Memory).',
    ],
    expectedGain: idle,
    basis: 'At most: the time in which cores stood idle.',
    measuredGain: null,
  });
}

function cheaperEncoding(facts: RunFacts): Recommendation | null {
  const encode = facts.profile.stages.find((stage) => stage.stage === 'encode');
  if (encode === undefined || facts.encodedVideos === 0) return null;
  const oneVideo = encode.share / facts.encodedVideos;
  if (oneVideo < WORTH_ENCODING_LESS) return null;
  const hardware = '--encoder: a hardware encoder where the machine has one.';
  return recommendation({
    title: facts.hasDebugVideo ? 'Encode less, or in hardware' : 'Encode in hardware',
    current: `${counted(facts.encodedVideos, 'video')} by ${facts.encoder}, ${percent(encode.share)} of the work.`,
    options: facts.hasDebugVideo ? ['--no-debug-video leaves one video out.', hardware] : [hardware],
    expectedGain: facts.hasDebugVideo ? oneVideo : encode.share,
    basis: facts.hasDebugVideo ? `One of the ${facts.encodedVideos} videos less.` : 'At most: all of the encoding.',
    measuredGain: null,
  });
}

function recommendation(parts: Omit<Recommendation, 'priority' | 'of'>): Recommendation {
  const gain = parts.measuredGain ?? parts.expectedGain ?? 0;
  return { ...parts, of: "the run's time", priority: priorityOf(gain) };
}

/** By the part of the time that is gained. */
export function priorityOf(gain: number): Recommendation['priority'] {
  return gain >= 0.15 ? 'HIGH' : gain >= 0.05 ? 'MEDIUM' : 'LOW';
}

/** What was tried on a model; null where nothing was. */
export function findTrial(facts: RunFacts, kind: Trial['kind'], model: string): Trial | null {
  return facts.trials.find((trial) => trial.kind === kind && trial.model === model) ?? null;
}
