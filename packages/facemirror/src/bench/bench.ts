import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runtimeVersion } from 'onnx-lens';
import { writeDemo } from '../demo/write-demo.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { hashFile } from '../files/hash.js';
import type { ProviderChoice } from 'facemirror-core/inference/options.js';
import { programVersion } from '../version.js';
import { machineFacts } from '../machine/machine-facts.js';
import { parseSettings, type RunSettings } from 'facemirror-core/settings/settings.js';
import { combinationsOf, runOrder, type Combination } from './combination.js';
import { pairRuns } from './figures.js';
import type { BenchResult, BenchSettings, RunMeasurement } from './result.js';
import { runApart } from './run-apart.js';

/** What a bench tells while it runs. */
export type BenchEvent =
  | { readonly kind: 'clip' }
  | { readonly kind: 'notice'; readonly sentence: string }
  /**
   * A run begins; of the first of each combination, to warm up and to compare tables, `number` is 0: it is not timed.
   */
  | { readonly kind: 'run'; readonly number: number; readonly count: number; readonly combination: Combination }
  | {
      readonly kind: 'ran';
      readonly number: number;
      readonly count: number;
      readonly combination: Combination;
      readonly measurement: RunMeasurement;
    };

/**
 * Runs the whole pipeline on one video in every combination, in pairs with the first, each run in a process of its own.
 * Results go into a folder of the system's for temporary files, which is removed on every path.
 *
 * @throws FaceMirrorError of the runs: FILE_UNREADABLE, NO_FACE, MODEL_MISSING, PROVIDER_UNAVAILABLE (of every
 *   provider), ...; CANCELLED when the signal says so.
 */
export async function runBench(
  settings: BenchSettings,
  signal: AbortSignal,
  onEvent: (event: BenchEvent) => void,
): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'facemirror-bench-'));
  const notices = new Set<string>();
  const onNotice = (sentence: string): void => {
    if (!notices.has(sentence)) onEvent({ kind: 'notice', sentence });
    notices.add(sentence);
  };
  try {
    if (settings.video === null) onEvent({ kind: 'clip' });
    const video = settings.video ?? (await writeDemo(folder, signal)).video;
    const { sha256 } = await hashFile(video, signal);
    const tables = new Map<string, Set<string>>();
    const run = async (combination: Combination, number: number, count: number): Promise<RunMeasurement> => {
      onEvent({ kind: 'run', number, count, combination });
      const out = join(folder, 'results');
      const heard: string[] = [];
      const measurement = await runApart(
        { video, out, settings: runSettings(settings, combination) },
        signal,
        (sentence) => heard.push(sentence),
      );
      await rm(out, { recursive: true, force: true });
      heard.forEach(onNotice);
      const provider = measurement.taken?.provider ?? combination.provider;
      tables.set(provider, (tables.get(provider) ?? new Set()).add(measurement.tablesSha256));
      onEvent({ kind: 'ran', number, count, combination, measurement });
      return measurement;
    };
    const combinations = await warmUp(combinationsOf(settings), (combination) => run(combination, 0, 0), onNotice);
    const order = runOrder(combinations.length, settings.repeat);
    const runs: RunMeasurement[] = [];
    for (const place of order) {
      const combination = combinations[place];
      if (combination !== undefined) runs.push(await run(combination, runs.length + 1, order.length));
    }
    const paired = pairRuns(order, runs, combinations.length);
    return {
      kind: 'Face Mirror bench',
      measuredAt: new Date().toISOString(),
      versions: { program: programVersion(), onnxRuntime: runtimeVersion() },
      host: machineFacts(),
      settings,
      video: { file: basename(video), sha256, frames: runs[0]?.frames ?? 0 },
      combinations: combinations.map((combination, place) => ({
        ...combination,
        ...(paired[place] ?? { runs: [], ratios: [] }),
      })),
      tablesIdentical: [...tables.values()].every((each) => each.size === 1),
      notices: [...notices],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs each combination once. Those of an unavailable provider are left out, with a sentence: the CPU's
 * figures must not stand under its name.
 * @throws FaceMirrorError PROVIDER_UNAVAILABLE where none is left.
 */
async function warmUp(
  combinations: readonly Combination[],
  run: (combination: Combination) => Promise<unknown>,
  onNotice: (sentence: string) => void,
): Promise<Combination[]> {
  const ready: Combination[] = [];
  const missed = new Map<ProviderChoice, FaceMirrorError>();
  for (const combination of combinations) {
    if (missed.has(combination.provider)) continue;
    try {
      await run(combination);
      ready.push(combination);
    } catch (error) {
      if (!(error instanceof FaceMirrorError) || error.code !== 'PROVIDER_UNAVAILABLE') throw error;
      missed.set(combination.provider, error);
    }
  }
  const [first] = missed.values();
  if (ready.length === 0 && first !== undefined) throw first;
  for (const { message } of missed.values()) onNotice(message);
  return ready;
}

function runSettings({ suite, modelsFolder }: BenchSettings, combination: Combination): RunSettings {
  return parseSettings({ suite, modelsFolder, ...combination, jobs: 1, force: true });
}
