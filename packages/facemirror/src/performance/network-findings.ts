import { join } from 'node:path';
import { loadModel, parseModel, type TraceReport } from 'onnx-lens';
import { median } from 'facemirror-core/arithmetic.js';
import { hashFile, sha256 } from '../files/hash.js';
import { assumedSizes } from '../inference/assumed-sizes.js';
import { inspectSession } from '../inference/inspection.js';
import type { ProviderChoice } from 'facemirror-core/inference/options.js';
import { bindingName } from '../inference/providers.js';
import { cacheFolder } from '../models/cache.js';
import { keepFigures, readFigures } from '../models/machine-figures.js';
import type { SuiteNetwork } from 'facemirror-core/suites/suite.js';
import { MachineLoad } from '../machine/machine-load.js';
import type { PlacementFacts, RuntimeWarning, Trial, Untried, UtilizationFacts } from '../results/facts.js';
import { analyseUtilization } from './report/utilization.js';
import { tryNetwork } from './trials/run-apart.js';

const TOP_OPERATORS = 5;
/** A machine changes: what was measured longer ago is measured again. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** What other work disturbed, as soon as that may be over. */
const DISTURBED_KEPT_MS = 60 * 60 * 1000;

/** What is found out about one network for the report. */
export interface OneNetworkFindings {
  /** ISO date and time. */
  readonly foundAt: string;
  readonly utilization: UtilizationFacts;
  /** Null where it could not be run for its profile. */
  readonly placement: PlacementFacts | null;
  readonly warnings: readonly RuntimeWarning[];
  readonly trials: readonly Trial[];
  readonly untried: readonly Untried[];
  /** Other work kept most of the other cores busy meanwhile: the times are rough. */
  readonly isDisturbed: boolean;
}

/** How a network is looked at. */
export interface FindingOptions {
  /** What the networks run on. */
  readonly provider: Exclude<ProviderChoice, 'auto'>;
  readonly trialSeconds: number;
  /** Whether to keep what is found: not where other work disturbs the times. */
  readonly isKept: boolean;
  /** Changes when the analysis does. */
  readonly programVersion: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds out about a network, or reads what was found out before: about the same bytes, on the same machine, with the
 * same program, provider and ONNX Runtime. It is kept in the model cache for a week, when nothing was cut short; for an
 * hour, when other work disturbed it.
 */
export async function networkFindings(
  network: SuiteNetwork,
  options: FindingOptions,
): Promise<{ readonly found: OneNetworkFindings; readonly isKept: boolean }> {
  const path = await keepingPlace(network, options);
  const kept = await readKept(path);
  if (kept !== null) return { found: kept, isKept: true };
  const { found, isComplete } = await look(network, options);
  if (isComplete && options.isKept && options.signal?.aborted !== true) keepFigures(path, { found });
  return { found, isKept: false };
}

async function look(
  { source: { name, model }, job }: SuiteNetwork,
  { provider, trialSeconds, signal }: FindingOptions,
): Promise<{ found: OneNetworkFindings; isComplete: boolean }> {
  const load = new MachineLoad();
  const { sizes } = assumedSizes(typeof model === 'string' ? loadModel(model, 'read') : parseModel(model, name));
  const utilization = await analyseUtilization({ name, model, job, sizes }, { format: 'mlprogram' });
  const { log, profile } = await inspectSession({ model, provider: bindingName(provider), sizes }, signal);
  const { trials, untried, isComplete } = await tryNetwork(
    { name, model, target: { format: 'mlprogram' }, isOfRun: true },
    trialSeconds,
    signal,
  );
  return {
    isComplete: isComplete && profile !== null,
    found: {
      foundAt: new Date().toISOString(),
      utilization,
      placement: profile === null ? null : { model: name, job, provider, ...placementOf(profile) },
      warnings: log.map((line) => ({ model: name, line })),
      trials,
      untried,
      isDisturbed: load.isDisturbed(),
    },
  };
}

/** The first run, which compiles, is part of the shares but not of the median. */
function placementOf({
  runsMs,
  providers,
  operators,
}: TraceReport): Pick<PlacementFacts, 'runMs' | 'providers' | 'operators'> {
  return {
    runMs: median(runsMs.slice(1)),
    providers: providers.map(({ provider, nodes, share }) => ({ provider, nodes, share })),
    operators: operators.slice(0, TOP_OPERATORS).map(({ opType, nodes, share }) => ({ opType, nodes, share })),
  };
}

async function keepingPlace(
  { source: { name, model }, job }: SuiteNetwork,
  { provider, programVersion }: FindingOptions,
): Promise<string> {
  const hash = typeof model === 'string' ? (await hashFile(model)).sha256 : sha256(model);
  return join(
    cacheFolder(),
    `${name}-${hash.slice(0, 16)}-${job.replace(' ', '-')}-${provider}-${programVersion}.findings.json`,
  );
}

async function readKept(path: string): Promise<OneNetworkFindings | null> {
  const found = (await readFigures(path))?.['found'] as Partial<OneNetworkFindings> | undefined;
  const isWhole =
    typeof found?.foundAt === 'string' &&
    typeof found.utilization === 'object' &&
    [found.warnings, found.trials, found.untried].every(Array.isArray);
  if (!isWhole) return null;
  const age = Date.now() - Date.parse(found.foundAt);
  return age >= 0 && age < (found.isDisturbed === true ? DISTURBED_KEPT_MS : KEPT_MS)
    ? (found as OneNetworkFindings)
    : null;
}
