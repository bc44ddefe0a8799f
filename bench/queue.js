/**
 * The queue: what it costs for each job, how fast 10,000 jobs are listed, and whether every result is there exactly once,
 * with the bytes of `facemirror run`, while workers are killed and the server is restarted. Needs redis-server.
 *
 *   npm run bench -- queue                          all of it: 200 clips, 4 workers
 *   npm run bench -- queue --only list              one part: overhead, list, calm or chaos
 *   npm run bench -- queue --clips 40 --frames 5 --kill-every 5
 */
import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { median } from '../packages/core/dist/arithmetic.js';
import { framePlanes } from '../packages/core/dist/frames/frame.js';
import { FramePool } from '../packages/core/dist/frames/pool.js';
import { DEMO_FORMAT, DemoClip } from '../packages/facemirror/dist/demo/clip.js';
import { queueAddress } from '../packages/facemirror/dist/queue/address.js';
import { openQueue } from '../packages/facemirror/dist/queue/bullmq.js';
import { listJobs } from '../packages/facemirror/dist/queue/listing.js';
import { programVersion } from '../packages/facemirror/dist/version.js';
import { tagsFor } from '../packages/facemirror/dist/video/colour.js';
import { VideoWriter } from '../packages/facemirror/dist/video/writer.js';
import { NODE_FLAGS, option, PROGRAM } from './options.js';

const CLIPS = Number(option('--clips', 200));
const FRAMES = Number(option('--frames', 6));
const WORKERS = Number(option('--workers', 4));
const KILL_EVERY_MS = Number(option('--kill-every', 5)) * 1000;
const RESTARTS = 2;
const LOST_AFTER = option('--lost-after', '10');
const LISTED = 10_000;
const LIMITS = { overheadMs: 20, listMs: 1000 };
const only = option('--only', null);

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-queue-'));
const root = join(folder, 'root');
const port = await freePort();
const url = `redis://127.0.0.1:${port}/0`;
/** @type {import('node:child_process').ChildProcess | null} */
let redis = null;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return found;
}

async function startRedis() {
  redis = spawn('redis-server', ['--port', String(port), '--dir', folder, '--appendonly', 'yes', '--save', ''], {
    stdio: 'ignore',
  });
  await delay(500);
}

async function restartRedis() {
  redis.kill('SIGTERM');
  await once(redis, 'exit');
  await startRedis();
}

const program = (...args) => run(process.execPath, [...NODE_FLAGS, PROGRAM, ...args], { maxBuffer: 1 << 26 });

/** Short clips of which no two are alike: each has its number in the picture's corner, in black and white. */
async function writeClips() {
  mkdirSync(join(root, 'videos'), { recursive: true });
  const { width, height, colour, frames } = DEMO_FORMAT;
  const demo = new DemoClip();
  const frame = await new FramePool({ ...DEMO_FORMAT, capacity: 1 }).acquire();
  for (let clip = 0; clip < CLIPS; clip++) {
    const writer = await VideoWriter.open({
      path: join(root, 'videos', `clip${String(clip).padStart(3, '0')}.mp4`),
      width,
      height,
      timeBase: { num: 1, den: 30 },
      frameRate: 30,
      colourTags: tagsFor(colour),
      encoder: 'libx264',
      quality: 23,
      threads: 1,
      audio: null,
    });
    for (let index = 0; index < FRAMES; index++) {
      demo.draw((clip + index) % frames, frame);
      const { y } = framePlanes(frame);
      for (let bit = 0; bit < 8; bit++)
        for (let row = 0; row < 4; row++)
          y.fill(
            clip & (1 << bit) ? 235 : 16,
            row * frame.layout.yStride + bit * 4,
            row * frame.layout.yStride + bit * 4 + 4,
          );
      await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / 30 });
    }
    await writer.finish();
  }
}

function startWorker(name) {
  const child = spawn(
    process.execPath,
    [
      ...NODE_FLAGS,
      PROGRAM,
      'worker',
      '--queue',
      url,
      '--name',
      name,
      '--root',
      root,
      '--slots',
      '1',
      '--lost-after',
      LOST_AFTER,
    ],
    // A group of its own: killing it takes the video's process with it, as when a machine is lost.
    { stdio: 'ignore', detached: true },
  );
  return child;
}

/** @returns seconds, kills, and what differs from the results of `facemirror run`. */
async function study(name, isChaos) {
  const out = join(root, name);
  await program('submit', join(root, 'videos'), '--queue', url, '--name', name, '--root', root, '--out', out);
  const queue = await openQueue(queueAddress(url, name, {}));
  const workers = Array.from({ length: WORKERS }, () => startWorker(name));
  const began = performance.now();
  let kills = 0;
  let restarts = 0;
  const killing = !isChaos
    ? null
    : setInterval(() => {
        const victim = kills++ % WORKERS;
        process.kill(-workers[victim].pid, 'SIGKILL');
        workers[victim] = startWorker(name);
      }, KILL_EVERY_MS);
  try {
    for (;;) {
      await delay(1000);
      const counts = await queue.getJobCounts('completed', 'failed');
      const over = counts.completed + counts.failed;
      process.stdout.write(`\r  ${over} of ${CLIPS}, ${kills} kills, ${restarts} restarts `);
      if (isChaos && restarts < RESTARTS && over > ((restarts + 1) * CLIPS) / (RESTARTS + 1)) {
        restarts++;
        await restartRedis();
      }
      if (over >= CLIPS) break;
    }
  } finally {
    if (killing !== null) clearInterval(killing);
  }
  const seconds = (performance.now() - began) / 1000;
  const { counts } = await listJobs(queue);
  await queue.close();
  for (const worker of workers) process.kill(-worker.pid, 'SIGTERM');
  await Promise.all(workers.map((worker) => (worker.exitCode === null ? once(worker, 'exit') : null)));
  return { seconds, kills, restarts, counts, differing: differences(join(folder, 'alone'), out) };
}

/** Names that are in one folder only, or whose bytes differ. Records hold times: of them only the input and the frames count. */
function differences(wanted, made) {
  const names = new Set([...readdirSync(wanted), ...readdirSync(made)]);
  const content = (path) => {
    const bytes = readFileSync(path);
    if (!path.endsWith('.json')) return bytes;
    const { input, frames, settings, output, tables } = JSON.parse(bytes.toString());
    return Buffer.from(JSON.stringify({ input, frames, settings, output, tables }));
  };
  return [...names].filter((each) => {
    try {
      return !content(join(wanted, each)).equals(content(join(made, each)));
    } catch {
      return true;
    }
  });
}

function tell(name, isMet, text) {
  console.log(`\n${isMet ? 'met   ' : 'MISSED'}  ${name}: ${text}`);
  if (!isMet) process.exitCode = 1;
}

async function list() {
  const queue = await openQueue(queueAddress(url, 'listed', {}));
  for (let from = 0; from < LISTED; from += 500)
    await queue.addBulk(
      Array.from({ length: 500 }, (_, index) => ({
        name: 'video',
        data: {
          version: programVersion(),
          sha256: String(from + index).padStart(64, '0'),
          bytes: 1e8,
          settings: { camera: 'mirrored', quality: 20 },
          targets: [
            { path: `visits/subject-${from + index}/video.mp4`, out: 'results', stem: `subject-${from + index}` },
          ],
        },
        opts: { jobId: `v${String(from + index).padStart(64, '0')}` },
      })),
    );
  const times = [];
  for (let turn = 0; turn < 5; turn++) {
    const began = performance.now();
    const { counts } = await listJobs(queue);
    times.push(performance.now() - began);
    if (counts.waiting !== LISTED) throw new Error(`${counts.waiting} listed`);
  }
  await queue.close();
  const ms = median(times);
  tell('listing 10,000 jobs', ms <= LIMITS.listMs, `${ms.toFixed(0)} ms (median of 5), at most ${LIMITS.listMs} ms`);
}

/** What a job costs beside its video: jobs that every worker gives up at once, as their data are damaged. */
async function overhead() {
  const name = 'overhead';
  const queue = await openQueue(queueAddress(url, name, {}));
  const count = 1000;
  await queue.addBulk(
    Array.from({ length: count }, (_, index) => ({
      name: 'video',
      data: /** @type {any} */ ({}),
      opts: { jobId: `v-overhead-${index}` },
    })),
  );
  const worker = startWorker(name);
  let began = 0;
  for (let over = 0; over < count; await delay(5)) {
    over = await queue.getFailedCount();
    // The program's own start is no overhead of a job.
    if (over === 0) began = performance.now();
  }
  const ms = (performance.now() - began) / count;
  process.kill(-worker.pid, 'SIGTERM');
  await once(worker, 'exit');
  await queue.close();
  tell(
    'overhead of the queue for a job',
    ms <= LIMITS.overheadMs,
    `${ms.toFixed(2)} ms, at most ${LIMITS.overheadMs} ms`,
  );
}

try {
  mkdirSync(root);
  await startRedis();
  console.log(`Load of the machine at the beginning: ${loadavg()[0].toFixed(1)}`);
  if (only === null || only === 'list') await list();
  if (only === null || only === 'overhead') await overhead();
  if (only === null || only === 'calm' || only === 'chaos') {
    console.log(`Making ${CLIPS} clips of ${FRAMES} frames, and running them alone ...`);
    await writeClips();
    await program('run', join(root, 'videos'), '--out', join(folder, 'alone'));
  }
  for (const name of ['calm', 'chaos']) {
    if (only !== null && only !== name) continue;
    const { seconds, kills, restarts, counts, differing } = await study(name, name === 'chaos');
    tell(
      `${WORKERS} workers, ${CLIPS} clips, ${name}`,
      differing.length === 0 && counts.done === CLIPS,
      `${counts.done} done, ${counts.failed} failed, ${differing.length} results missing, too many or different, in ${seconds.toFixed(0)} s, ${kills} kills, ${restarts} restarts of Redis`,
    );
    for (const each of differing.slice(0, 10)) console.log(`  ${each}`);
  }
} finally {
  redis?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
