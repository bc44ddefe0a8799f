import { InferencePool } from './pool.js';
import type { ProviderChoice } from './options.js';
import type { ModelSource } from './request.js';

/** Colour codes and other terminal controls, with which ONNX Runtime decorates its lines. */
// eslint-disable-next-line no-control-regex
const TERMINAL_CONTROLS = /\u001b\[[0-9;]*m/g;

/**
 * What ONNX Runtime logs, at warning level and above, when a network is opened and run once on a provider.
 *
 * Its log goes to the process's standard error, where no thread of the same process can catch it: so the network is
 * opened once more, in a process of its own, which ends at once.
 * @returns the lines, without terminal controls and without empty ones.
 * @throws FaceMirrorError PROVIDER_UNAVAILABLE, MODEL_CORRUPT, WORKER_LOST.
 */
export async function captureSessionLog({ name, model }: ModelSource, provider: ProviderChoice): Promise<string[]> {
  const lines: string[] = [];
  const pool = await InferencePool.open([{ name, model, open: 'start' }], {
    provider,
    isolation: 'process',
    onLog: (line) => lines.push(line.replaceAll(TERMINAL_CONTROLS, '').trim()),
  });
  await pool.close();
  return lines.filter((line) => line !== '');
}
