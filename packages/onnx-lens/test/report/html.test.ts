import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareWithLog } from '../../src/logs/compare.js';
import { parseLog } from '../../src/logs/sessions.js';
import { coverageHtml } from '../../src/report/html/page.js';
import { HOSTILE, sampleLog, sampleResult } from './sample.js';

const KNOWN_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const chromiumPath = [process.env['CHROMIUM_PATH'] ?? '', ...KNOWN_PATHS].find(
  (path) => path !== '' && existsSync(path),
);

const result = sampleResult();
const tame = sampleResult('resize');
const page = coverageHtml(result, compareWithLog(tame, parseLog(sampleLog(tame, new Map([[3, false]]))), HOSTILE));

describe('the file itself', () => {
  test('refers to nothing outside of itself', () => {
    const addresses = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses).toEqual(['data:,']);
    expect(/@import|url\(/.test(page)).toBe(false);
    expect(page.includes('default-src &#39;none&#39;')).toBe(true);
  });

  test("a stranger's names are text: one script of data, one of code, no other element of theirs", () => {
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.includes('<img')).toBe(false);
    expect(page.includes('\u202e')).toBe(false);
  });

  test('is the same for the same result', () => {
    expect(coverageHtml(sampleResult()) === coverageHtml(sampleResult())).toBe(true);
  });

  test('of a large model stays a page: runs of nodes stand for nodes', () => {
    const [conv] = result.perNode;
    const perNode = Array.from({ length: 20_000 }, (_, index) => ({
      ...conv!,
      index,
      partition: index < 15_000 ? 0 : null,
      supported: index < 15_000,
    }));
    const large = coverageHtml({ ...result, perNode, causes: [], nodes: 20_000 });
    expect(large.match(/<i class="/g)).toHaveLength(2);
  });
});

describe.skipIf(chromiumPath === undefined)(
  `in a browser${chromiumPath === undefined ? ' (skipped: no Chromium found, set CHROMIUM_PATH)' : ''}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-html-'));
    const complaints: string[] = [];
    let browser: Browser;

    beforeAll(async () => {
      writeFileSync(join(folder, 'report.html'), page);
      browser = await chromium.launch({
        executablePath: chromiumPath ?? '',
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      });
    });
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const open = async (colorScheme: 'light' | 'dark', width = 1200): Promise<Page> => {
      const opened = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      opened.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
      opened.on('pageerror', (error) => complaints.push(String(error)));
      opened.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
      });
      await opened.goto(pathToFileURL(join(folder, 'report.html')).href);
      return opened;
    };

    test.each(['light', 'dark'] as const)(
      'shows its figures and its strip in %s, without a word on the console',
      async (scheme) => {
        const opened = await open(scheme);
        expect(await opened.locator('.tile dd').allTextContents()).toEqual(['6', '4', '2', '66.7 %', '2']);
        expect(await opened.locator('#strip i').count()).toBe(6);
        const [left, taken] = await Promise.all([
          opened.locator('#strip i.cpu').first().boundingBox(),
          opened.locator('#strip i.p0').first().boundingBox(),
        ]);
        expect(left!.height).toBeGreaterThan(taken!.height);
        const background = await opened.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const lightness =
          background
            .match(/\d+/g)!
            .slice(0, 3)
            .map(Number)
            .reduce((a, b) => a + b, 0) / 3;
        if (scheme === 'light') expect(lightness).toBeGreaterThan(200);
        else expect(lightness).toBeLessThan(60);
        expect(await opened.title()).not.toBe('owned');
        expect(complaints).toEqual([]);
        await opened.close();
      },
    );

    test("tells a node's story on hover and by keyboard", async () => {
      const opened = await open('light');
      await opened.hover('#strip i.cpu');
      expect(await opened.locator('#story').textContent()).toContain('Left to the CPU: Resize');
      expect(await opened.locator('#story').textContent()).toContain('without it 1 partition instead of 2');
      await opened.focus('#strip');
      await opened.keyboard.press('End');
      expect(await opened.locator('#story').textContent()).toContain('Node 5 · Shape');
      await opened.keyboard.press('ArrowLeft');
      expect(await opened.locator('#story').textContent()).toContain('In partition 1 with 2 nodes');
      expect(await opened.locator('#strip').getAttribute('aria-activedescendant')).toBe('cell4');
      expect(complaints).toEqual([]);
      await opened.close();
    });

    test("tells a node's story on a tap, and follows a finger", async () => {
      const context = await browser.newContext({ hasTouch: true, viewport: { width: 400, height: 800 } });
      const opened = await context.newPage();
      await opened.goto(pathToFileURL(join(folder, 'report.html')).href);
      await opened.tap('#strip i.cpu');
      expect(await opened.locator('#story').textContent()).toContain('Left to the CPU: Resize');
      const last = await opened.locator('#strip i').last().boundingBox();
      await opened
        .locator('#strip i')
        .first()
        .dispatchEvent('pointermove', {
          pointerType: 'touch',
          clientX: (last?.x ?? 0) + 5,
          clientY: (last?.y ?? 0) + 5,
          bubbles: true,
        });
      expect(await opened.locator('#story').textContent()).toContain('Node 5 · Shape');
      await context.close();
    });

    test('finds nodes by name, operator, place and reason', async () => {
      const opened = await open('dark');
      await opened.click('#all summary');
      const rows = opened.locator('#all-rows tr');
      // A details element tells of its opening a task later.
      await rows.nth(5).waitFor();
      expect(await rows.count()).toBe(6);
      await opened.fill('#search', 'partition 1');
      expect(await rows.count()).toBe(2);
      await opened.fill('#search', 'mode cubic');
      expect(await rows.count()).toBe(1);
      expect(complaints).toEqual([]);
      await opened.close();
    });

    test('fits a narrow window without scrolling sideways', async () => {
      const opened = await open('light', 380);
      const [inner, outer] = await opened.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      expect(inner).toBeLessThanOrEqual(outer);
      expect(complaints).toEqual([]);
      await opened.close();
    });
  },
);
