/**
 * The browser edition: its speed beside `facemirror run`'s, in turn on the demo clip, and what its tab takes on a large
 * video. Needs Chromium (CHROMIUM_PATH, or in the usual place) and a built site (`npm run build:web`). Memory is read on
 * Linux only.
 *
 *   npm run bench -- browser [--pairs 3] [--frames 300] [--site FOLDER [--against FOLDER,FOLDER]]
 *
 * `--against` names folders of other builds, which take their turns, too. `--pairs 0` or `--frames 0` leaves a part out.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { median } from '../packages/core/dist/arithmetic.js';
import { writeDemo } from '../packages/facemirror/dist/demo/write-demo.js';
import { siteServer } from '../packages/web/scripts/serve.js';
import { HEIGHT, WIDTH, writeClip } from './clip.js';
import { NODE_FLAGS, PROGRAM, option } from './options.js';

const LIMITS = { share: 0.5, tabMB: 500, growth: 0.05 };
/** How often memory is looked at, in ms. */
const LOOK_EVERY = 250;
/** A video that takes longer has come to a stop. */
const LONGEST_MS = 3_600_000;
const run = promisify(execFile);
const pairs = Number(option('--pairs', '3'));
const frames = Number(option('--frames', '300'));
const site = resolve(option('--site', fileURLToPath(new URL('../packages/web/site', import.meta.url))));
const others = (option('--against', '') ?? '')
  .split(',')
  .filter(Boolean)
  .map((each) => resolve(each));
const executablePath = [process.env.CHROMIUM_PATH ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  existsSync,
);

/** Bytes of each process of a kind, proportional share of what several processes use. */
async function memoryOf(session) {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const largest = { renderer: 0, GPU: 0 };
  for (const { type, id } of processInfo) {
    if (!(type in largest)) continue;
    const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'));
    largest[type] = Math.max(largest[type], Number(pss?.[1] ?? 0) * 1024);
  }
  return largest;
}

/** Processes a video in a new browser. Gives the run's record, and what the tab's process took while it ran. */
async function inBrowser(folder, clip, looksAtMemory) {
  const server = siteServer(folder);
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run'] });
  const memory = [];
  let timer;
  try {
    const page = await browser.newPage();
    const session = await browser.newBrowserCDPSession();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByLabel('Choose a file').setInputFiles(clip);
    await page.locator('form').getByRole('button', { name: 'Process the video' }).click();
    if (looksAtMemory)
      timer = setInterval(() => {
        // A process that has just ended has no figures.
        memoryOf(session).then(
          (now) => memory.push(now),
          () => undefined,
        );
      }, LOOK_EVERY);
    const job = page.locator('.job[data-state=done],.job[data-state=failed]').first();
    await job.waitFor({ timeout: LONGEST_MS });
    clearInterval(timer);
    if ((await job.getAttribute('data-state')) === 'failed') throw new Error(await job.innerText());
    const record = await page.evaluate(async () => {
      const walk = async (/** @type {any} */ within) => {
        for await (const [name, entry] of within) {
          if (entry.kind === 'directory') {
            const found = await walk(entry);
            if (found !== null) return found;
          } else if (/^(clip|demo)\.json$/.test(name)) return JSON.parse(await (await entry.getFile()).text());
        }
        return null;
      };
      return walk(await globalThis.navigator.storage.getDirectory());
    });
    return { profile: record.profile, workers: record.suite.workers, memory };
  } finally {
    clearInterval(timer);
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** Frames a second of `facemirror run`, opening not counted, as in the tab. */
async function inNode(clip, out) {
  const options = ['--provider', 'cpu', '--encoder', 'libx264', '--out', out, '--force'];
  await run(process.execPath, [...NODE_FLAGS, PROGRAM, 'run', clip, ...options], { maxBuffer: 1 << 28 });
  return JSON.parse(readFileSync(join(out, 'demo.json'), 'utf8')).profile;
}

function printStages({ profile, workers }) {
  console.log(
    `where the tab's time went, ${((profile.wallMs - profile.openingMs) / 1000).toFixed(1)} s, ${workers} network workers:`,
  );
  for (const { stage, totalMs } of [...profile.stages].sort((a, b) => b.totalMs - a.totalMs))
    console.log(`  ${stage.padEnd(16)}${(totalMs / 1000).toFixed(2).padStart(8)} s`);
  for (const { model, calls, inferenceMs } of profile.models)
    console.log(`  ${model}: ${calls} runs of ${(inferenceMs / calls).toFixed(1)} ms`);
}

function verdict(name, value, isMet, limit) {
  console.log(`${isMet ? 'met   ' : 'MISSED'} ${name}: ${value} (${limit})`);
}

async function measureSpeed(folder) {
  const { video: clip } = await writeDemo(folder, new AbortController().signal);
  const sites = [site, ...others];
  const rounds = [];
  let last;
  for (let pair = 1; pair <= pairs; pair++) {
    const node = (await inNode(clip, join(folder, 'node'))).framesPerSecond;
    const tabs = [];
    for (const each of sites) {
      const tab = await inBrowser(each, clip, false);
      if (each === site) last = tab;
      tabs.push(tab.profile.framesPerSecond);
    }
    rounds.push({ node, tabs });
    console.log(
      `pair ${pair}: facemirror run ${node.toFixed(1)}, tab ${tabs.map((each) => each.toFixed(1)).join(', against ')} frames a second (load ${loadavg()[0].toFixed(1)})`,
    );
  }
  printStages(last);
  for (const place of sites.keys()) {
    const share = median(rounds.map(({ node, tabs }) => tabs[place] / node));
    verdict(
      `${sites[place]}: speed against facemirror run`,
      share.toFixed(2),
      share >= LIMITS.share,
      `at least ${LIMITS.share}`,
    );
  }
}

async function measureMemory(folder) {
  const clip = join(folder, 'clip.mp4');
  await writeClip(clip, frames);
  const { memory, profile } = await inBrowser(site, clip, true);
  const peak = (kind, samples) => Math.max(...samples.map((each) => each[kind])) / 1e6;
  const third = Math.ceil(memory.length / 3);
  const [all, early, late] = [memory, memory.slice(0, 2 * third), memory.slice(2 * third)].map((part) =>
    peak('renderer', part),
  );
  console.log(
    `${profile.frames} frames of ${WIDTH}x${HEIGHT}, ${profile.framesPerSecond.toFixed(1)} a second: tab ${all.toFixed(0)} MB at most, GPU process ${peak('GPU', memory).toFixed(0)} MB`,
  );
  console.log(
    `  by tenths: ${Array.from({ length: 10 }, (_, tenth) => peak('renderer', memory.slice((tenth * memory.length) / 10, Math.max(1, ((tenth + 1) * memory.length) / 10))).toFixed(0)).join(' ')} MB`,
  );
  verdict('memory of the tab', `${all.toFixed(0)} MB`, all <= LIMITS.tabMB, `at most ${LIMITS.tabMB} MB`);
  verdict(
    'growth in the last third',
    `${(late - early).toFixed(0)} MB`,
    late - early <= LIMITS.growth * early,
    `at most ${100 * LIMITS.growth} %`,
  );
}

if (executablePath === undefined) throw new Error('No Chromium was found: set CHROMIUM_PATH.');
if (!existsSync(site)) throw new Error(`There is no site at ${site}: run npm run build:web first.`);
console.log(`${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`);
const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-'));
try {
  if (pairs > 0) await measureSpeed(folder);
  if (frames > 0) await measureMemory(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
