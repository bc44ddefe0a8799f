import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from './app-error.js';

/** Folders of models that were looked at last; older ones are removed. */
const MOST_KEPT = 8;

/** Models that were dropped into the page, each in a temporary folder that goes when the server closes. */
export class LensWorkshop {
  readonly #folders = new Map<string, string>();

  /** A new folder and the id that it is asked for by. */
  async newFolder(): Promise<{ readonly id: string; readonly folder: string }> {
    const id = randomUUID();
    const folder = await mkdtemp(join(tmpdir(), 'facemirror-lens-'));
    this.#folders.set(id, folder);
    for (const [oldest, path] of this.#folders) {
      if (this.#folders.size <= MOST_KEPT) break;
      this.#folders.delete(oldest);
      await rm(path, { recursive: true, force: true });
    }
    return { id, folder };
  }

  /** @throws AppError 404 if it is gone. */
  folderOf(id: string): string {
    const folder = this.#folders.get(id);
    if (folder === undefined) throw new AppError(404, 'NO_FILE', 'This file is gone: drop the model again.');
    return folder;
  }

  async close(): Promise<void> {
    for (const folder of this.#folders.values()) await rm(folder, { recursive: true, force: true });
    this.#folders.clear();
  }
}

/**
 * Runs onnx-lens's own command line in a process of its own, so that a model that is too large takes nothing else with
 * it.
 * @returns what it printed. @throws AppError with its sentence if it failed.
 */
export async function runLens(args: readonly string[]): Promise<string> {
  const bin = join(dirname(createRequire(import.meta.url).resolve('onnx-lens/package.json')), 'bin', 'onnx-lens.js');
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === 0) return Buffer.concat(out).toString('utf8');
  const sentence = Buffer.concat(errors).toString('utf8').trim().split('\n').at(-1) ?? '';
  throw new AppError(422, 'LENS_FAILED', sentence === '' ? 'The model could not be analysed.' : sentence);
}
