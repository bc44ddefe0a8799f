import { OnnxLensError, runtimeVersion } from 'onnx-lens';
import { captureSessionLog } from '../inference/session-log.js';
import type { ProviderChoice } from '../inference/options.js';
import type { SuiteNetwork } from '../models/suite.js';
import type { NetworkFindings, RunFacts, RuntimeWarning, Trial, UtilizationFacts } from '../profile/report/facts.js';
import { analyseUtilization } from '../profile/report/utilization.js';
import { runTrials } from './trials.js';
import type { RunRecord } from './record.js';

/**
 * Analyses a suite's networks: how they land on Core ML, what ONNX Runtime warns of when it opens them, and what
 * rewriting, preparing and batching them brings on this machine. Done after the videos, so that it slows none of them.
 */
export async function inspectNetworks(networks: readonly SuiteNetwork[], provider: ProviderChoice): Promise<NetworkFindings> {
  const utilization: UtilizationFacts[] = [];
  const warnings: RuntimeWarning[] = [];
  const trials: Trial[] = [];
  for (const { source, job } of networks) {
    utilization.push(await analyseUtilization({ name: source.name, model: source.model, job }, { format: 'mlprogram' }));
    for (const line of await captureSessionLog(source, provider)) warnings.push({ model: source.name, line });
    trials.push(...(await runTrials(source)));
  }
  return { onnxRuntime: runtimeVersion(), networks: networks.map(({ source, job }) => ({ name: source.name, job })), utilization, warnings, trials };
}

/** What the report is made of: the run's own figures and, where they were asked for, the findings about its networks. */
export function runFacts(record: RunRecord, findings: NetworkFindings | null): RunFacts | null {
  const { profile, suite, machine, output } = record;
  if (profile === null) return null;
  const networks = findings?.networks ?? [];
  const named = (job: SuiteNetwork['job']): string[] => networks.filter((network) => network.job === job).map(({ name }) => name);
  const frameBytes = output.width * output.height * 1.5;
  return {
    video: record.input.file,
    programVersion: record.program.version,
    finishedAt: record.finishedAt,
    machine: { ...machine, onnxRuntime: findings?.onnxRuntime ?? 'not recorded' },
    suite: suite.title,
    provider: suite.provider,
    workers: suite.workers,
    isolation: suite.isolation,
    batch: {},
    frame: { width: output.width, height: output.height, poolFrames: Math.floor(profile.memory.framePoolBytes / frameBytes) },
    encoder: output.encoder,
    encodedVideos: output.files.filter((name) => name.endsWith('.mp4')).length,
    profile,
    utilization: findings?.utilization ?? [],
    warnings: findings?.warnings ?? [],
    trials: findings?.trials ?? [],
    jobs: { detection: named('detection'), landmarks: named('landmarks'), actionUnits: named('action units') },
  };
}

/** How models that are no part of the run land on Core ML, for the report. @throws OnnxLensError, naming the file. */
export async function inspectFiles(files: readonly string[], target: Parameters<typeof analyseUtilization>[1]): Promise<UtilizationFacts[]> {
  const found: UtilizationFacts[] = [];
  for (const file of files) {
    const name = file.replace(/^.*[\\/]/, '').replace(/\.onnx$/i, '');
    try {
      found.push(await analyseUtilization({ name, model: file, job: '' }, target));
    } catch (error) {
      if (error instanceof OnnxLensError && !error.message.includes(file)) throw new OnnxLensError(error.code, `${file}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return found;
}
