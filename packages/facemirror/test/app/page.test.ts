import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runApp, type RunningApp } from './running-app.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT = { timeout: 120_000 } as const;

describe.skipIf(CHROMIUM === undefined)('the page in Chromium (skipped where there is none)', () => {
  let app: RunningApp;
  let browser: Browser;
  let page: Page;
  const foreign: string[] = [];
  const errors: string[] = [];
  beforeAll(async () => {
    app = await runApp();
    browser = await chromium.launch({
      executablePath: CHROMIUM!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
    page.on('request', (request) => {
      if (!request.url().startsWith(app.origin) && !/^(blob|data):/.test(request.url())) foreign.push(request.url());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(app.server.address);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    app.remove();
  });

  async function violations(): Promise<unknown> {
    await page.evaluate(AXE);
    return page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const { violations: found } = await axe.run();
      return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
    });
  }

  it('moves the token out of its address', () => {
    expect(page.url()).toBe(`${app.origin}/`);
  });

  it('makes the demo, shows its progress and its end', async () => {
    await page.getByRole('button', { name: 'Try the demo' }).click();
    await page.locator('.job').waitFor(WAIT);
    await page.locator('.job[data-state=done]').waitFor(WAIT);
    expect(await page.locator('.job').innerText()).toContain('285 frames');
  }, 300_000);

  it('steps all three videos by exact frames', async () => {
    await page.getByRole('link', { name: 'Review' }).last().click();
    await page.locator('.players[data-ready=true]').waitFor(WAIT);
    expect(await page.locator('.players canvas').count()).toBe(3);
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
    await page.locator('.frame-number[data-frame="3"]').waitFor(WAIT);
    await page.keyboard.press('ArrowLeft');
    await page.locator('.frame-number[data-frame="2"]').waitFor(WAIT);
  }, 120_000);

  it('adds a movement, undoes, and saves it as the table of movements', async () => {
    const bars = page.locator('.bar:not(.neutral)');
    const before = await bars.count();
    await page.getByRole('button', { name: 'Add a movement here' }).click();
    expect(await bars.count()).toBe(before + 1);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await bars.count()).toBe(before);
    await page.getByRole('button', { name: 'Redo' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('[data-save=saved]').waitFor(WAIT);
    const table = await app.ask('/api/videos/Demo%2Fdemo%2Fdemo/files/demo_movements.csv');
    expect(await table.text()).toMatch(/,BS,edited,/);
  }, 120_000);

  it('compares two visits: the same movement in step, and the table of change', async () => {
    const demo = join(app.library, 'Demo', 'demo', 'demo');
    const later = join(app.library, 'Demo', 'week 6', 'demo');
    cpSync(demo, later, { recursive: true });
    writeFileSync(join(later, 'demo_movements.csv'), 'start,end,code,source,confidence\n2.000,3.600,BS,edited,\n');
    await page.goto(`${app.origin}/#/compare`);
    await page.getByRole('checkbox').nth(1).waitFor(WAIT);
    for (const box of await page.getByRole('checkbox').all()) await box.check();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.locator('.players[data-ready=true]').waitFor(WAIT);
    const frames = async (): Promise<number[]> =>
      page.locator('.visit-times li').evaluateAll((items) => items.map((item) => Number(item.dataset['frame'])));
    const start = startFrames([demo, later]);
    expect(start[0]).not.toBe(start[1]);
    await page.locator(`.visit-times li[data-frame="${start[0]!}"]`).waitFor(WAIT);
    expect(await frames()).toEqual(start);
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
    await page.locator(`.visit-times li[data-frame="${start[0]! + 3}"]`).waitFor(WAIT);
    expect(await frames()).toEqual(start.map((frame) => frame + 3));
    expect(await page.getByRole('cell', { name: 'BS' }).count()).toBeGreaterThan(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations()).toEqual([]);
    }
  }, 120_000);

  /** Frames at which the first big smile begins, by its table and the measures' times. */
  function startFrames(folders: readonly string[]): number[] {
    return folders.map((folder) => {
      const rows = (name: string): string[][] =>
        readFileSync(join(folder, name), 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(','));
      const start = Number(rows('demo_movements.csv').find(([, , code]) => code === 'BS')?.[0]);
      const [names = [], ...frames] = rows('demo_measures.csv');
      const gaps = frames.map((cells) => Math.abs(Number(cells[names.indexOf('timestamp')]) - start));
      return gaps.indexOf(Math.min(...gaps));
    });
  }

  it.each(['start', 'queue', 'review', 'compare', 'report', 'performance', 'models', 'lens'])(
    'has no accessibility violation on the screen %s, in light and dark',
    async (screen) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.goto(`${app.origin}/#/${screen}`);
        await page.locator('h1').first().waitFor(WAIT);
        await page.waitForTimeout(300);
        expect(await violations()).toEqual([]);
      }
    },
    120_000,
  );

  it('asks no other origin, and throws nothing', () => {
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  });
});
