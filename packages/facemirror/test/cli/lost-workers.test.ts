import { execFile, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeDemoPart } from '../video/demo-part.js';
import { facemirror } from './program.js';

let folder: string;
let visits: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-lost-'));
  visits = join(folder, 'visits');
  await mkdir(visits);
  // Of different content: results of one must not pass for another's.
  for (const [first, name] of ['a', 'b', 'c'].entries())
    await writeDemoPart(join(visits, `${name}.mp4`), { first, frames: 40 });
});
afterAll(() => rm(folder, { recursive: true }));

/** Kills every worker of a run as soon as it is there, as long as it is told to. */
async function killWorkers(run: ChildProcess, goesOn: () => boolean): Promise<void> {
  while (goesOn() && run.exitCode === null) {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args=']);
    for (const line of stdout.split('\n')) {
      const [pid, parent, ...args] = line.trim().split(/\s+/);
      if (Number(parent) !== run.pid || !args.join(' ').includes(join('inference', 'worker.js'))) continue;
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await delay(20);
  }
}

/** What the run tells, as JSON lines, until now. */
function listen(run: ChildProcess): { readonly kind: string; readonly path: string; readonly code?: string }[] {
  const told: ReturnType<typeof listen> = [];
  let rest = '';
  run.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    told.push(...lines.map((line) => JSON.parse(line) as (typeof told)[number]));
  });
  return told;
}

// There is no ps on Windows.
describe.skipIf(process.platform === 'win32')('a batch whose workers are killed', () => {
  const args = (out: string): string[] => [
    'run',
    visits,
    '--out',
    out,
    '--isolation',
    'process',
    '--jobs',
    '1',
    '--no-debug-video',
    '--json',
  ];

  test('goes on with the next video when they are left alone from then on', { timeout: 60_000 }, async () => {
    const out = join(folder, 'one');
    let told: ReturnType<typeof listen> = [];
    const { code } = await facemirror(args(out), async (run) => {
      told = listen(run);
      await killWorkers(run, () => !told.some(({ kind }) => kind === 'failed'));
    });
    const ends = told.filter(({ kind }) => kind === 'failed' || kind === 'done');
    expect(ends.map(({ kind, path, code: why }) => [kind, path.at(-5), why])).toEqual([
      ['failed', 'a', 'WORKER_LOST'],
      ['done', 'b', undefined],
      ['done', 'c', undefined],
    ]);
    expect(code).toBe(3);
    expect((await readdir(out)).filter((name) => name.endsWith('.json'))).toEqual(['b.json', 'c.json']);
  });

  test('is ended when the next video fails of it as well', { timeout: 60_000 }, async () => {
    const out = join(folder, 'all');
    let told: ReturnType<typeof listen> = [];
    const { code, stderr } = await facemirror(args(out), async (run) => {
      told = listen(run);
      await killWorkers(run, () => true);
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/The last worker that runs the networks was lost: it was ended by SIGKILL/);
    expect(told.filter(({ kind }) => kind === 'failed').map(({ path }) => path.at(-5))).toEqual(['a']);
    expect(told.some(({ path }) => path?.endsWith('c.mp4'))).toBe(false);
    expect(await readdir(out)).toEqual([]);
  });
});
