import type { RunFacts, Trial, UtilizationFacts } from '../../results/facts.js';
import { trialGain } from './gains.js';
import { countedGain, findTrial, priorityOf, type Recommendation } from './recommendations.js';
import { counted, ms } from '../../wording.js';

/** A batch that saves less than the spread of the measurements is none. */
const WORTH_BATCHING = 0.05;

/** Models that were given to the report besides those of the run. */
export function givenModels({ profile, utilization }: Pick<RunFacts, 'profile' | 'utilization'>): UtilizationFacts[] {
  const ofRun = new Set(profile.models.map(({ model }) => model));
  return utilization.filter(({ model, job }) => job === '' && !ofRun.has(model));
}

/**
 * What would help models that are no part of the run, best first within each priority. The run says nothing of their
 * times, so that gains are parts of their own inference or opening, tried on this machine's CPU.
 */
export function recommendForGiven(facts: RunFacts): Recommendation[] {
  const ranks = ['HIGH', 'MEDIUM', 'LOW'];
  return givenModels(facts)
    .flatMap((model) => [
      reducePartitions(facts, model),
      precompile(facts, model.model),
      batchInference(facts, model.model),
    ])
    .filter((each) => each !== null)
    .toSorted((a, b) => ranks.indexOf(a.priority) - ranks.indexOf(b.priority) || countedGain(b) - countedGain(a));
}

/**
 * What it costs is a matter of Core ML, so that its priority is what the analysis says of that, whatever a CPU gains.
 */
function reducePartitions(
  facts: RunFacts,
  { model, partitions, coverage, provider, macsShare, impact, causes, boundaryBytes }: UtilizationFacts,
): Recommendation | null {
  if (partitions < 2) return null;
  const trial = findTrial(facts, 'rewrite', model);
  return {
    title: `Reduce partitioning of ${model}`,
    current: `${counted(partitions, 'partition')} at ${coverage.toFixed(1)} % of nodes on ${provider}.`,
    options: [
      trial?.partitions === undefined
        ? 'Rewrite the graph: onnx-lens optimize proves that the result computes the same.'
        : `Rewrite the graph with onnx-lens optimize: ${trial.partitions.before} to ${trial.partitions.after} partitions when tried here.`,
      ...causes.slice(0, 3).map(({ text, nodes }) => `${text} (${counted(nodes, 'node')})`),
    ],
    of: 'its inference',
    expectedGain: 1 - macsShare,
    basis: `The part of its arithmetic that ${provider} would leave to the CPU. ${counted(2 * partitions, 'hand-over')} an inference${boundaryBytes > 0 ? ', with the tensors that cross,' : ''} come on top: what they cost only a run there can tell.`,
    measuredGain: trial === null ? null : trialGain(trial),
    priority: impact === 'NONE' ? 'LOW' : impact,
  };
}

function precompile(facts: RunFacts, model: string): Recommendation | null {
  const trial = findTrial(facts, 'precompile', model);
  return worthIt(trial, 0)
    ? measured(trial, {
        title: `Pre-compile ${model}`,
        current: `Opening it as it is takes ${ms(trial.beforeMs)}.`,
        options: [`onnx-lens compile: ${ms(trial.afterMs)} to open.`],
        of: 'its opening',
      })
    : null;
}

function batchInference(facts: RunFacts, model: string): Recommendation | null {
  const trial = findTrial(facts, 'batch', model);
  return worthIt(trial, WORTH_BATCHING)
    ? measured(trial, {
        title: `Batch inference of ${model}`,
        current: `One item an inference: ${ms(trial.beforeMs)}.`,
        options: [`${trial.what}: ${ms(trial.afterMs)} (adds latency).`],
        of: 'its inference',
      })
    : null;
}

function worthIt(trial: Trial | null, least: number): trial is Trial {
  return trial !== null && trialGain(trial) > least;
}

function measured(trial: Trial, parts: Pick<Recommendation, 'title' | 'current' | 'options' | 'of'>): Recommendation {
  // Opening is done once: it is never what matters most.
  const priority = parts.of === 'its opening' ? 'LOW' : priorityOf(trialGain(trial));
  return {
    ...parts,
    expectedGain: null,
    basis: 'The model was no part of this run.',
    measuredGain: trialGain(trial),
    priority,
  };
}
