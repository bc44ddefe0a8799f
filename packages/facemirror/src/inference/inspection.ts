import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTrace, type TraceReport } from 'onnx-lens';
import { startHelper } from '../processes/helper-process.js';
import type { ProviderName } from 'facemirror-core/inference/options.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../dist/inference/inspection-child.js', import.meta.url);

/** A network that opens and runs so long is given up: the inspection is no part of anybody's result. */
const PATIENCE_MS = 30_000;
/** Runs that are profiled, after one that is not counted. */
export const PROFILED_RUNS = 5;

/** What the inspecting process is asked. */
export interface InspectionJob {
  readonly model: string | Uint8Array;
  readonly provider: ProviderName;
  /** Sizes of free dimensions, by name. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Where ONNX Runtime puts its profile: path and beginning of the file's name. */
  readonly profilePrefix: string;
}

/** What ONNX Runtime says of a network when it opens it and runs it. */
export interface Inspection {
  /** Its log at warning level and above, without terminal controls and without empty lines. */
  readonly log: readonly string[];
  /**
   * Its own profile of some runs on zeros: which provider ran which node for how long. Null where it could not be run.
   */
  readonly profile: TraceReport | null;
}

/** Colour codes and other terminal controls, with which ONNX Runtime decorates its lines. */
// eslint-disable-next-line no-control-regex
const TERMINAL_CONTROLS = /\u001b\[[0-9;]*m/g;

/**
 * Opens a network once more, in a process of its own, and listens: ONNX Runtime's log goes to the process's standard
 * error, where no thread of the same process can catch it, and its profile slows what it profiles.
 *
 * A network that cannot be opened or run gives what was heard until then, as does one that is stopped by the signal.
 */
export async function inspectSession(
  job: Omit<InspectionJob, 'profilePrefix'>,
  signal?: AbortSignal,
): Promise<Inspection> {
  const folder = await mkdtemp(join(tmpdir(), 'facemirror-inspection-'));
  try {
    const log = await runChild({ ...job, profilePrefix: join(folder, 'profile') }, signal);
    const [file] = await readdir(folder);
    return { log, profile: file === undefined ? null : readProfile(await readFile(join(folder, file), 'utf8')) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runChild(job: InspectionJob, signal: AbortSignal | undefined): Promise<string[]> {
  const { child, ended } = startHelper(CHILD_FILE, job, {
    stderr: 'pipe',
    ...(signal === undefined ? {} : { signal }),
  });
  const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let heard = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (heard += text));
  await ended;
  clearTimeout(patience);
  return heard
    .split('\n')
    .map((line) => line.replaceAll(TERMINAL_CONTROLS, '').trim())
    .filter((line) => line !== '');
}

/** Null for a profile that was cut off before its first run. */
function readProfile(text: string): TraceReport | null {
  try {
    const profile = parseTrace(text, 'the profile');
    return profile.nodes.length === 0 ? null : profile;
  } catch {
    return null;
  }
}
