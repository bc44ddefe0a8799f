import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClip, writeClip } from '../../facemirror/test/video/clips.js';
import { writeDemoPart } from '../../facemirror/test/video/demo-part.js';
import { begin, MISSING, outcome, serveSite, stored, storedNames, Visitor, type ServedSite } from './site.js';

const FFMPEG = spawnSync('ffmpeg', ['-version']).status === 0;
const NO_FFMPEG = FFMPEG ? '' : ' (skipped: no ffmpeg)';
const WAIT = { timeout: 60_000 } as const;
const FRAMES = 24;

describe.skipIf(MISSING !== '')(`the browser edition in Chromium${MISSING}`, () => {
  let site: ServedSite;
  let visitor: Visitor;
  let page: Page;
  let folder: string;
  const clip = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'facemirror-web-'));
    await writeDemoPart(clip('plain.mp4'), { first: 40, frames: FRAMES });
    site = await serveSite();
    visitor = await Visitor.of(site);
    page = await visitor.open();
  });
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Times of a result's frames, as our own reader sees them. */
  async function timesOf(video: string, name: string): Promise<{ times: number[]; width: number; height: number }> {
    const path = clip(name);
    writeFileSync(path, await stored(page, video, name));
    const { times, info } = await readClip(path);
    return { times, width: info.width, height: info.height };
  }

  const ffmpeg = (from: string, to: string, ...options: string[]): void =>
    void execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', clip(from), ...options, clip(to)], { stdio: 'ignore' });

  it('brings the demo clip from a file to a zip of results', async () => {
    await page.getByRole('button', { name: 'Try the demo' }).click();
    const { state, text } = await outcome(page, 'demo.mp4');
    expect(state).toBe('done');
    expect(text).toContain('285 frames');
    await page.getByRole('link', { name: 'Review' }).last().click();
    await page.locator('.players[data-ready=true]').waitFor(WAIT);
    expect(await page.locator('.players canvas').count()).toBe(3);
    await page.keyboard.press('ArrowRight');
    await page.locator('.frame-number[data-frame="1"]').waitFor(WAIT);
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Save all as a zip' }).click();
    const download = await saving;
    expect(download.suggestedFilename()).toBe('demo.zip');
    await download.saveAs(clip('demo.zip'));
    const files = unzipSync(readFileSync(clip('demo.zip')));
    expect(Object.keys(files).sort()).toEqual([
      'demo.json',
      'demo_blinks.csv',
      'demo_by_movement.csv',
      'demo_debug.mp4',
      'demo_frames.bin',
      'demo_left_mirrored.csv',
      'demo_left_mirrored.mp4',
      'demo_measures.csv',
      'demo_movements.csv',
      'demo_right_mirrored.csv',
      'demo_right_mirrored.mp4',
      'demo_synkinesis.csv',
    ]);
    expect(new TextDecoder().decode(files['demo_measures.csv']).trim().split('\n')).toHaveLength(286);
    // The clip's one smile and its three brow raises.
    expect(new TextDecoder().decode(files['demo_movements.csv'])).toMatch(/,SS,.*,RE,.*,RE,.*,RE,/s);
    writeFileSync(clip('left.mp4'), files['demo_left_mirrored.mp4']!);
    const { times } = await readClip(clip('left.mp4'));
    expect(times).toHaveLength(285);
    expect(times.every((time, frame) => Math.abs(time - frame / 30) < 1e-4)).toBe(true);
  }, 300_000);

  it('computes the tables again when a movement is added', async () => {
    await page.getByRole('button', { name: 'Add a movement here' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.locator('[data-save=saved]').waitFor(WAIT);
    const table = await stored(page, 'Demo/demo/demo', 'demo_movements.csv');
    expect(table.toString()).toMatch(/,BS,edited,/);
    const record = JSON.parse((await stored(page, 'Demo/demo/demo', 'demo.json')).toString()) as { editedAt: string };
    expect(Date.parse(record.editedAt)).toBeGreaterThan(0);
  }, 60_000);

  it('saves one result alone under its name', async () => {
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'demo_blinks.csv' }).click();
    expect((await saving).suggestedFilename()).toBe('demo_blinks.csv');
  });

  it.skipIf(!FFMPEG).each([
    [
      'VP9 in WebM with Opus',
      'vp9.webm',
      ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-c:a', 'libopus'],
    ],
    ['AV1 in MP4 with AAC', 'av1.mp4', ['-c:v', 'libsvtav1', '-preset', '12', '-c:a', 'aac']],
    ['10 bits and 4:2:0', 'ten.mp4', ['-c:v', 'libsvtav1', '-preset', '12', '-pix_fmt', 'yuv420p10le', '-c:a', 'aac']],
    [
      'varying frame times',
      'vfr.mp4',
      ['-vf', "select='not(eq(mod(n,5),3))'", '-fps_mode', 'vfr', '-c:v', 'libx264', '-c:a', 'aac'],
    ],
    ['odd pixels', 'aspect.mp4', ['-vf', 'scale=iw/2:ih,setsar=2', '-c:v', 'libx264', '-c:a', 'aac']],
  ])(
    `keeps frames, times, size and sound of %s${NO_FFMPEG}`,
    async (_, name, options) => {
      ffmpeg('plain.mp4', name, '-f', 'lavfi', '-i', 'sine=frequency=440:duration=0.8', '-shortest', ...options);
      await begin(page, clip(name));
      expect(await outcome(page, name)).toMatchObject({ state: 'done' });
      const stem = name.replace(/\..*/, '');
      const made = await timesOf(`unnamed/${today()}/${stem}`, `${stem}_left_mirrored.mp4`);
      const given = await readClip(clip(name));
      expect([made.width, made.height]).toEqual([given.info.width, given.info.height]);
      expect(made.times).toHaveLength(given.times.length);
      made.times.forEach((time, frame) => expect(time).toBeCloseTo(given.times[frame]!, 4));
      const { info } = await readClip(clip(`${stem}_left_mirrored.mp4`));
      expect(info.audio?.codec).toBe(given.info.audio?.codec);
    },
    240_000,
  );

  it.skipIf(!FFMPEG)(
    `turns what was filmed sideways, and writes the upright source${NO_FFMPEG}`,
    async () => {
      await writeDemoPart(clip('turned.mp4'), { first: 40, frames: FRAMES, turned: true });
      ffmpeg('turned.mp4', 'sideways.mp4', '-c', 'copy', '-metadata:s:v:0', 'rotate=90');
      await begin(page, clip('sideways.mp4'));
      expect(await outcome(page, 'sideways.mp4')).toMatchObject({ state: 'done' });
      const { width, height } = await timesOf(`unnamed/${today()}/sideways`, 'sideways_source.mp4');
      const plain = await readClip(clip('plain.mp4'));
      expect([width, height]).toEqual([plain.info.width, plain.info.height]);
    },
    240_000,
  );

  it.skipIf(!FFMPEG)(
    `names a codec that the browser lacks, and what to do${NO_FFMPEG}`,
    async () => {
      ffmpeg(
        'plain.mp4',
        'iphone.mov',
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
        '-tag:v',
        'hvc1',
        '-x265-params',
        'log-level=error',
      );
      await begin(page, clip('iphone.mov'));
      const { state, text } = await outcome(page, 'iphone.mov');
      expect(state).toBe('failed');
      expect(text).toMatch(/no decoder for iphone\.mov, which is H\.265 \(HEVC\).*convert it to H\.264/);
    },
    120_000,
  );

  it('refuses a clip without a face, and what is no video, and leaves nothing', async () => {
    await writeClip(clip('grey.mp4'), { width: 320, height: 240, times: [0, 0.033, 0.067] });
    await begin(page, clip('grey.mp4'));
    expect((await outcome(page, 'grey.mp4')).text).toMatch(/No face was found in any of the 3 frames of grey\.mp4/);
    writeFileSync(clip('notes.mp4'), 'this is no video');
    await begin(page, clip('notes.mp4'));
    expect((await outcome(page, 'notes.mp4')).text).toContain('notes.mp4 is not a video that this page can read');
    expect((await storedNames(page)).filter((name) => /\/(grey|notes)\/run-/.test(name))).toEqual([]);
  }, 120_000);

  it('stops in the middle, and leaves nothing', async () => {
    await page.goto(`${site.address}#/start`);
    await page.getByRole('button', { name: 'Try the demo' }).click();
    await page.locator('.job[data-state=running]', { hasText: / \/ 285 frames/ }).waitFor(WAIT);
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await outcome(page, 'demo.mp4')).toMatchObject({ state: 'cancelled' });
    // The results of the run before, and of its edit, stay the ones that count.
    expect((await storedNames(page)).filter((name) => /\/demo\/run-[^/]+$/.test(name))).toHaveLength(2);
  }, 120_000);

  it('shows nothing half-made after its tab was closed in the middle', async () => {
    const other = await Visitor.of(site);
    const first = await other.open();
    await first.getByRole('button', { name: 'Try the demo' }).click();
    await first.locator('.job[data-state=running]', { hasText: / \/ 285 frames/ }).waitFor(WAIT);
    await first.close();
    const second = await other.open();
    await second.goto(`${site.address}#/queue`);
    expect(await outcome(second, 'demo.mp4')).toMatchObject({ state: 'interrupted' });
    expect((await storedNames(second)).filter((name) => name.includes('/run-'))).toEqual([]);
    await second.goto(`${site.address}#/start`);
    await second.getByRole('heading', { name: 'Your videos' }).waitFor(WAIT);
    expect(await second.getByRole('link', { name: 'Review' }).count()).toBeLessThanOrEqual(1);
    await other.close();
  }, 120_000);

  it('says when the storage is full, and leaves nothing', async () => {
    const other = await Visitor.of(site);
    const full = await other.open();
    const devtools = await other.context.newCDPSession(full);
    const { usage } = await full.evaluate(() => navigator.storage.estimate());
    // Room for the clip itself, and for little more.
    await devtools.send('Storage.overrideQuotaForOrigin', {
      origin: new URL(site.address).origin,
      quotaSize: (usage ?? 0) + 5_500_000,
    });
    await full.getByRole('button', { name: 'Try the demo' }).click();
    const { state, text } = await outcome(full, 'demo.mp4');
    expect(state).toBe('failed');
    expect(text).toContain('storage that this browser gives to Face Mirror is full');
    expect((await storedNames(full)).filter((name) => name.includes('/run-'))).toEqual([]);
    await other.close();
  }, 240_000);

  it('works without a network after the first visit', async () => {
    await visitor.context.setOffline(true);
    try {
      await page.reload();
      await page.goto(`${site.address}#/start`);
      await page.getByRole('heading', { name: 'New video' }).waitFor(WAIT);
      await begin(page, clip('plain.mp4'));
      expect(await outcome(page, 'plain.mp4')).toMatchObject({ state: 'done' });
    } finally {
      await visitor.context.setOffline(false);
    }
  }, 120_000);

  it('asks no other origin, and throws nothing', () => {
    expect(visitor.foreign).toEqual([]);
    expect(visitor.errors).toEqual([]);
  });
});

describe.skipIf(MISSING !== '')(`the browser edition on a host that sets no headers${MISSING}`, () => {
  it('isolates itself', async () => {
    const site = await serveSite({ withHeaders: false });
    try {
      const visitor = await Visitor.of(site);
      const page = await visitor.open();
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      expect(visitor.foreign).toEqual([]);
    } finally {
      await site.close();
    }
  }, 120_000);
});

/** The visit's name that the page proposes. */
function today(): string {
  return new Date().toISOString().slice(0, 10);
}
