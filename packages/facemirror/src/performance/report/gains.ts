import type { ModelFigures } from '../../results/summary.js';
import type { RunFacts, Trial, TrialKind } from '../../results/facts.js';
import { gain as gainInWords, ms } from '../../wording.js';

/** What the analysis that this program grew from recommended, and the gains that it expected without trying. */
const EXPECTED_BEFORE: Readonly<Record<TrialKind, { readonly title: string; readonly gain: string }>> = {
  rewrite: { title: 'Reduce partitioning', gain: '15 to 25 %' },
  precompile: { title: 'Pre-compiled models', gain: '10 to 15 %' },
  batch: { title: 'Batch inference', gain: '20 to 30 %' },
};

/** Part of the time before that trying it saved; negative where it cost time. */
export function trialGain({ beforeMs, afterMs }: Trial): number {
  return beforeMs === 0 ? 0 : 1 - afterMs / beforeMs;
}

/** A model's part of all work of the run (of the stages' time without waiting), 0 to 1. */
export function shareOfWork({ profile }: RunFacts, model: ModelFigures): number {
  const work = profile.stages.reduce((sum, stage) => sum + (stage.stage === 'wait' ? 0 : stage.totalMs), 0);
  const own = model.preprocess.totalMs + model.inference.totalMs + model.postprocess.totalMs;
  return work === 0 ? 0 : Math.min(1, own / work);
}

/** Processor time over wall time and cores while frames were worked on, 0 to 1. */
export function busyShare({ cpuMs, wallMs, cores, opening = { cpuMs: 0, wallMs: 0 } }: RunFacts['profile']): number {
  const available = (wallMs - opening.wallMs) * cores;
  return available <= 0 ? 0 : Math.min(1, (cpuMs - opening.cpuMs) / available);
}

/** Items that a model was given in one inference, on average. */
export function itemsPerCall(model: ModelFigures | undefined): number {
  return model === undefined || model.inference.count === 0 ? 1 : model.items / model.inference.count;
}

/**
 * Frames whose items a model was given in one inference, on average; a frame may have several items, e.g. its two
 * halves.
 */
export function framesPerCall({ profile }: Pick<RunFacts, 'profile'>, model: ModelFigures): number {
  const itemsPerFrame = Math.max(1, Math.round(model.items / Math.max(1, profile.frames)));
  return itemsPerCall(model) / itemsPerFrame;
}

/**
 * Head and rows: for each of the three recommendations and each model, what was expected once and what was measured
 * now.
 */
export function gainsTable(facts: RunFacts): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const rows = (Object.keys(EXPECTED_BEFORE) as TrialKind[]).flatMap((kind) => {
    const { title, gain } = EXPECTED_BEFORE[kind];
    const tried = facts.trials
      .filter((trial) => trial.kind === kind)
      .map((trial) => [
        title,
        gain,
        trial.model,
        figuresOf(trial),
        gainInWords(trialGain(trial)),
        inTheRun(facts, trial),
      ]);
    const untried = facts.untried
      .filter((each) => each.kind === kind)
      .map(({ model, why }) => [title, gain, model, `not tried: ${why}`, 'not tried', 'not tried']);
    const all = [...tried, ...untried];
    return all.length === 0
      ? [[title, gain, 'all', 'not tried: the run was made without --report', 'not tried', 'not tried']]
      : all;
  });
  return { head: ['Recommendation', 'Expected once', 'Model', 'Measured here', 'Gain', "Of this run's time"], rows };
}

function figuresOf(trial: Trial): string {
  const split =
    trial.partitions === undefined
      ? ''
      : `${trial.partitions.before} to ${trial.partitions.after} partitions on Core ML, `;
  return `${split}${ms(trial.beforeMs)} to ${ms(trial.afterMs)} (${trial.what})`;
}

function inTheRun(facts: RunFacts, trial: Trial): string {
  const model = facts.profile.models.find((each) => each.model === trial.model);
  if (model === undefined) return 'not part of the run';
  if (trial.kind === 'precompile') {
    if (facts.compiled.includes(trial.model)) return 'in use already';
    return gainInWords(facts.profile.wallMs === 0 ? 0 : (trial.beforeMs - trial.afterMs) / facts.profile.wallMs);
  }
  if (trial.kind === 'batch' && itemsPerCall(model) > 1)
    return `in use: ${itemsPerCall(model).toFixed(1)} items an inference`;
  return gainInWords(shareOfWork(facts, model) * trialGain(trial));
}
