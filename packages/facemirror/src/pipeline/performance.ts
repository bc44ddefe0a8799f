import { median } from '../arithmetic.js';
import { loadModel, OnnxLensError, parseModel, runtimeVersion, type TraceReport } from 'onnx-lens';
import { assumedSizes } from '../inference/assumed-sizes.js';
import { inspectSession } from '../inference/inspection.js';
import { bindingName } from '../inference/providers.js';
import type { Suite } from '../models/suite.js';
import type { NetworkFindings, PlacementFacts, RunFacts, RuntimeWarning, Trial, Untried, UtilizationFacts } from '../profile/report/facts.js';
import { analyseUtilization, type UtilizationTarget } from '../profile/report/utilization.js';
import { tryNetwork, type TrialResults } from './trials/run-apart.js';
import type { RunRecord } from './record.js';

/** How long a report may try things on each network. */
const TRIAL_SECONDS = 40;
const TOP_OPERATORS = 5;

/**
 * Analyses a suite's networks: how they land on Core ML and on the provider in use, what ONNX Runtime warns of when it
 * opens them, and what rewriting, preparing and batching them brings on this machine. Done after the video, in processes
 * of their own: it changes neither its times nor its memory.
 */
export async function inspectNetworks({ networks, inference }: Pick<Suite, 'networks' | 'inference'>, signal?: AbortSignal): Promise<NetworkFindings> {
  const startedAt = performance.now();
  const utilization: UtilizationFacts[] = [];
  const placements: PlacementFacts[] = [];
  const warnings: RuntimeWarning[] = [];
  const trials: Trial[] = [];
  const untried: Untried[] = [];
  for (const { source, job } of networks) {
    if (signal?.aborted === true) break;
    const { name, model } = source;
    const { sizes } = assumedSizes(typeof model === 'string' ? loadModel(model, 'read') : parseModel(model, name));
    utilization.push(await analyseUtilization({ name, model, job, sizes }, { format: 'mlprogram' }));
    const { log, profile } = await inspectSession({ model, provider: bindingName(inference.provider), sizes }, signal);
    for (const line of log) warnings.push({ model: name, line });
    if (profile !== null) placements.push({ model: name, job, provider: inference.provider, ...placementOf(profile) });
    const results = await tryNetwork({ name, model, target: { format: 'mlprogram' }, fixesSizes: true }, TRIAL_SECONDS, signal);
    trials.push(...results.trials);
    untried.push(...results.untried);
  }
  const isCompiled = inference.provider === 'cpu';
  const named = networks.map(({ source, job }) => ({ name: source.name, job, isCompiled: isCompiled && source.compiled !== undefined }));
  return { onnxRuntime: runtimeVersion(), networks: named, utilization, placements, warnings, trials, untried, trialSeconds: TRIAL_SECONDS, tookMs: performance.now() - startedAt };
}

/** The first run, which compiles, is part of the shares but not of the median. */
function placementOf({ runsMs, providers, operators }: TraceReport): Pick<PlacementFacts, 'runMs' | 'providers' | 'operators'> {
  return {
    runMs: median(runsMs.slice(1)),
    providers: providers.map(({ provider, nodes, share }) => ({ provider, nodes, share })),
    operators: operators.slice(0, TOP_OPERATORS).map(({ opType, nodes, share }) => ({ opType, nodes, share })),
  };
}

/** What the report is made of: the run's own figures and, where they were asked for, the findings about its networks. */
export function runFacts(record: RunRecord, findings: NetworkFindings | null): RunFacts | null {
  const { profile, suite, machine, output } = record;
  if (profile === null) return null;
  const networks = findings?.networks ?? [];
  const named = (job: string): string[] => networks.filter((network) => network.job === job).map(({ name }) => name);
  const frameBytes = output.width * output.height * 1.5;
  return {
    video: record.input.file,
    programVersion: record.program.version,
    finishedAt: record.finishedAt,
    machine: { ...machine, onnxRuntime: findings?.onnxRuntime ?? 'not recorded' },
    suite: suite.title,
    provider: suite.provider,
    workers: suite.workers,
    providerReason: suite.providerReason ?? null,
    isolation: suite.isolation,
    workerMemory: suite.workerMemory ?? null,
    batching: suite.batching ?? {},
    frame: { width: output.width, height: output.height, poolFrames: Math.floor(profile.memory.framePoolBytes / frameBytes) },
    encoder: output.encoder,
    encodedVideos: output.files.filter((name) => name.endsWith('.mp4')).length,
    videosAtOnce: record.videosAtOnce ?? 1,
    profile,
    utilization: findings?.utilization ?? [],
    warnings: findings?.warnings ?? [],
    trials: findings?.trials ?? [],
    untried: findings?.untried ?? [],
    placements: findings?.placements ?? [],
    tookMs: findings?.tookMs ?? null,
    trialSeconds: findings?.trialSeconds ?? null,
    compiled: networks.flatMap(({ name, isCompiled }) => (isCompiled === true ? [name] : [])),
    jobs: { detection: named('detection'), landmarks: named('landmarks'), actionUnits: named('action units') },
  };
}

/** How models that are no part of the run land on Core ML, for the report. @throws OnnxLensError, naming the file. */
export function inspectFiles(files: readonly string[], target: UtilizationTarget): Promise<UtilizationFacts[]> {
  return eachFile(files, (name, model) => analyseUtilization({ name, model, job: '' }, target));
}

/** What rewriting, preparing and batching them brings on this machine. @throws OnnxLensError, naming the file. */
export async function tryFiles(files: readonly string[], target: UtilizationTarget, seconds: number, signal: AbortSignal): Promise<TrialResults> {
  const results = await eachFile(files, (name, model) => tryNetwork({ name, model, target, fixesSizes: false }, seconds, signal));
  return { trials: results.flatMap(({ trials }) => trials), untried: results.flatMap(({ untried }) => untried) };
}

async function eachFile<T>(files: readonly string[], look: (name: string, file: string) => Promise<T>): Promise<T[]> {
  const found: T[] = [];
  for (const file of files) {
    try {
      found.push(await look(file.replace(/^.*[\\/]/, '').replace(/\.onnx$/i, ''), file));
    } catch (error) {
      if (error instanceof OnnxLensError && !error.message.includes(file)) throw new OnnxLensError(error.code, `${file}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return found;
}
