import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseSettings } from 'facemirror-core/settings/settings.js';
import { queueAddress } from '../../src/queue/address.js';
import { openQueue, type VideoQueue } from '../../src/queue/bullmq.js';
import { jobId, type JobData } from '../../src/queue/job-data.js';
import { listJobs, type QueueListing } from '../../src/queue/listing.js';
import { programVersion } from '../../src/version.js';
import { facemirror, until, type Ended } from '../cli/program.js';
import { writeDemoPart } from '../video/demo-part.js';
import { NO_REDIS, RedisServer } from './redis-server.js';

if (NO_REDIS !== null) console.warn(`The queue is not tested: ${NO_REDIS}.`);

describe.skipIf(NO_REDIS !== null)('a queue of many machines', () => {
  let server: RedisServer;
  let root: string;
  let alone: string;
  let name = '';
  let count = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
    root = await mkdtemp(join(tmpdir(), 'facemirror-root-'));
    await mkdir(join(root, 'videos'));
    for (const [index, clip] of ['a', 'b'].entries())
      await writeDemoPart(join(root, 'videos', `${clip}.mp4`), { first: 20 * index, frames: 12 });
    await writeDemoPart(join(root, 'long.mp4'), { first: 0, frames: 200 });
    alone = join(root, 'alone');
    await run('run', join(root, 'videos'), '--out', alone);
  });
  afterAll(async () => {
    await server.remove();
    await rm(root, { recursive: true, force: true });
  });
  beforeEach(() => {
    name = `test-${count++}`;
  });

  const run = (...args: string[]): Promise<Ended> => facemirror(args, undefined, server.environment);
  const there = (): string[] => ['--queue', server.url, '--name', name];
  const submit = (out: string, ...paths: string[]): Promise<Ended> =>
    run('submit', ...paths.map((path) => join(root, path)), ...there(), '--root', root, '--out', join(root, out));
  const submitTables = (out: string, ...paths: string[]): Promise<Ended> =>
    run(
      'submit',
      ...paths.map((path) => join(root, path)),
      ...there(),
      '--root',
      root,
      '--out',
      join(root, out),
      '--outputs',
      'tables',
    );
  const work = (during?: (child: ChildProcess) => Promise<void>, ...more: string[]): Promise<Ended> =>
    facemirror(
      ['worker', ...there(), '--root', root, '--slots', '1', '--lost-after', '2', ...more],
      during,
      server.environment,
    );
  const untilEmpty = (...more: string[]): Promise<Ended> => work(undefined, '--until-empty', ...more);
  async function withQueue<T>(ask: (queue: VideoQueue) => Promise<T>): Promise<T> {
    const queue = await openQueue(queueAddress(server.url, name, { ...server.environment }));
    try {
      return await ask(queue);
    } finally {
      await queue.close();
    }
  }
  const listing = (): Promise<QueueListing> => withQueue(listJobs);
  const untilRunning = async (): Promise<void> =>
    until(async () => ((await listing()).jobs.find(({ state }) => state === 'running')?.frames ?? 0) > 0);

  test('gives the results of a run, once, and leaves the password nowhere', async () => {
    await writeFile(join(root, 'videos', 'broken.mp4'), 'no video');
    const out = 'results';
    const ended = [
      await submit(out, 'videos'),
      await submit(out, 'videos'),
      await untilEmpty(),
      await run('jobs', ...there()),
    ];
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(ended[0]?.stdout).toContain('3 queued');
    expect(ended[1]?.stdout).toContain('0 queued, 3 in the queue before');
    expect(ended[3]?.stdout).toMatch(/1 failed, 2 done[^]*videos\/broken\.mp4 is not a video/);
    await rm(join(root, 'videos', 'broken.mp4'));
    const names = (await readdir(alone)).sort();
    expect((await readdir(join(root, out))).sort()).toEqual(names);
    for (const each of names.filter((file) => !file.endsWith('.json')))
      expect(readFileSync(join(root, out, each)).equals(readFileSync(join(alone, each))), each).toBe(true);
    const said = ended.map(({ stdout, stderr }) => stdout + stderr).join('');
    const record = await readFile(join(root, out, 'a.json'), 'utf8');
    for (const secret of [server.password, 'redis://:']) expect(said + record).not.toContain(secret);
    const again = await submit(out, 'videos');
    expect(again.stdout).toContain('0 queued, 2 done before');
    await rm(join(root, out, 'a_measures.csv'));
    expect((await submit(out, 'videos')).stdout).toContain('1 queued, 1 done before');
  });

  test('takes over the video of a worker that was killed, and removes what it left', async () => {
    const out = 'taken-over';
    await submitTables(out, 'long.mp4');
    await work(async (child) => {
      await untilRunning();
      child.kill('SIGKILL');
    });
    // As if the whole machine had gone: its process could not clean up.
    await mkdir(join(root, out, '.facemirror-00000000-7-long'), { recursive: true });
    await writeFile(join(root, out, 'long_measures.csv'), 'half');
    expect((await untilEmpty()).code).toBe(0);
    expect((await listing()).counts).toMatchObject({ done: 1, failed: 0 });
    expect((await readdir(join(root, out))).filter((file) => file.startsWith('.'))).toEqual([]);
    expect(await readFile(join(root, out, 'long_measures.csv'), 'utf8')).not.toBe('half');
  });

  test('gets a video back from a worker that is told to end, without an attempt being lost', async () => {
    const out = 'given-back';
    await submitTables(out, 'long.mp4');
    const { code, stderr } = await work(
      async (child) => {
        await untilRunning();
        child.kill('SIGTERM');
      },
      '--grace',
      '0',
    );
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('long.mp4: given back') });
    expect((await listing()).jobs).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    expect(await readdir(join(root, out))).toEqual([]);
  });

  // Skipped: on a fast machine the second kill misses the video, which then succeeds.
  test.skip('gives up a video that breaks its process twice, and does the others', async () => {
    const out = 'poisoned';
    await submitTables(out, 'long.mp4');
    await submitTables(out, 'videos/a.mp4');
    const ended = await work(async (worker) => {
      for (let kills = 0; kills < 2; kills++) {
        await untilRunning();
        const children = readFileSync(`/proc/${worker.pid}/task/${worker.pid}/children`, 'utf8').match(/\d+/g) ?? [];
        // Never process 0: that would be this test's own group.
        for (const pid of children) process.kill(Number(pid), 'SIGKILL');
        await until(async () => (await listing()).counts.running === 0 || (await listing()).counts.done > 0);
      }
    }, '--until-empty');
    expect(ended.code).toBe(0);
    const { jobs } = await listing();
    expect(jobs.find(({ video }) => video === 'long.mp4')).toMatchObject({
      state: 'failed',
      code: 'WORKER_LOST',
      attempts: 2,
    });
    expect(jobs.find(({ video }) => video === 'videos/a.mp4')).toMatchObject({ state: 'done' });
  });

  test('goes on when the server was away', async () => {
    await submitTables('restarted', 'long.mp4', 'videos');
    const { code, stderr } = await work(
      async () => {
        await untilRunning();
        await server.end();
        await new Promise((resolve) => setTimeout(resolve, 500));
        await server.begin();
      },
      '--until-empty',
      '--lost-after',
      '20',
    );
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('The queue is back.') });
    expect((await listing()).counts).toMatchObject({ done: 3, failed: 0 });
  });

  test('names nothing outside the root, and takes no data that nobody submitted', async () => {
    const sha256 = '0'.repeat(64);
    const forged: JobData = {
      version: programVersion(),
      sha256,
      bytes: 1,
      settings: {},
      targets: [{ path: '../../etc/passwd', out: 'x', stem: 'y' }],
    };
    const elsewhere = { ...forged, targets: [{ path: 'videos/a.mp4', out: 'x', stem: '../../y' }] };
    const withFolder = { ...forged, settings: { modelsFolder: '/tmp' }, targets: [{ path: 'a', out: '', stem: 'y' }] };
    await withQueue((queue) =>
      queue.addBulk(
        [forged, elsewhere, withFolder].map((data, index) => ({ name: 'video', data, opts: { jobId: `v${index}` } })),
      ),
    );
    await untilEmpty();
    const { jobs } = await listing();
    expect(jobs.map(({ state, code, attempts }) => ({ state, code, attempts }))).toEqual(
      Array.from({ length: 3 }, () => ({ state: 'failed', code: 'USAGE', attempts: 1 })),
    );
  });

  test('keeps a video for a worker of its own version', async () => {
    const data: JobData = {
      version: '0.0.1',
      sha256: '0'.repeat(64),
      bytes: 1,
      settings: {},
      targets: [{ path: 'videos/a.mp4', out: 'x', stem: 'a' }],
    };
    await withQueue((queue) => queue.add('video', data, { jobId: jobId(data) }));
    expect((await untilEmpty()).stderr).toContain('submitted by version 0.0.1');
    expect((await listing()).jobs).toMatchObject([
      { state: 'refused', attempts: 0, sentence: expect.stringContaining('version') },
    ]);
  });

  test('retries, removes and pauses on request', async () => {
    const data: JobData = { version: '', sha256: '', bytes: 0, settings: {}, targets: [] };
    await withQueue((queue) => queue.add('video', data, { jobId: 'v123456' }));
    await untilEmpty();
    expect((await run('jobs', ...there(), '--retry', 'v123456')).stdout).toContain('1 job will be tried again');
    expect((await run('jobs', ...there(), '--pause')).code).toBe(0);
    expect(await listing()).toMatchObject({ isPaused: true, counts: { waiting: 1, failed: 0 } });
    expect((await run('jobs', ...there(), '--resume', '--remove', 'waiting')).stdout).toContain('1 job removed');
    expect(await listing()).toMatchObject({ isPaused: false, jobs: [] });
    expect((await run('jobs', ...there(), '--remove', 'nosuch')).code).toBe(2);
  });
});

describe('a job', () => {
  test('is the same for the same video and result settings, whatever does not change results', () => {
    const job = { sha256: 'ab', version: '1', settings: {} };
    const same = { ...job, settings: { profile: false, allowNoFace: true } };
    expect(jobId(same)).toBe(jobId(job));
    for (const other of [
      { ...job, sha256: 'ac' },
      { ...job, version: '2' },
      { ...job, settings: { quality: 20 } },
    ])
      expect(jobId(other)).not.toBe(jobId(job));
    expect(jobId({ ...job, settings: { quality: parseSettings({}).quality } })).toBe(jobId(job));
  });
});

describe('the address of a queue', () => {
  test('takes its password from the environment only, and clears it there', () => {
    const environment = { FACEMIRROR_QUEUE_PASSWORD: 'p' };
    const address = queueAddress('rediss://me@host/3', 'q', environment);
    expect(address).toMatchObject({
      host: 'host',
      port: 6379,
      db: 3,
      username: 'me',
      password: 'p',
      isEncrypted: true,
    });
    expect(address.shown).toBe('rediss://host/3');
    expect(environment).toEqual({});
    expect(() => queueAddress('redis://:p@host', 'q', {})).toThrow('FACEMIRROR_QUEUE_PASSWORD');
    expect(queueAddress(undefined, 'q', { FACEMIRROR_QUEUE: 'redis://:p%40@host' })).toMatchObject({ password: 'p@' });
    for (const wrong of ['http://host', 'redis://', 'host', 'redis://host/x'])
      expect(() => queueAddress(wrong, 'q', {})).toThrow('--queue takes');
  });
});
