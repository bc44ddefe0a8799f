import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { siteServer } from '../scripts/serve.js';

const SITE = fileURLToPath(new URL('../site/', import.meta.url));
export const CHROMIUM = [
  process.env['CHROMIUM_PATH'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== '' && existsSync(path));
/** Why the tests in a browser skip; empty where they run. */
export const MISSING =
  CHROMIUM === undefined
    ? ' (skipped: no Chromium found, set CHROMIUM_PATH)'
    : existsSync(SITE)
      ? ''
      : ' (skipped: the site is not built, see npm run build:web)';

/** The built site on a free port, and a browser for it. */
export interface ServedSite {
  readonly address: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

export async function serveSite(options: { readonly withHeaders?: boolean } = {}): Promise<ServedSite> {
  const server = siteServer(SITE, options);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: ['--no-sandbox', '--no-first-run', '--disable-background-networking'],
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    browser,
    close: async () => {
      await browser.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A visitor with storage of his own. */
export class Visitor {
  readonly context: BrowserContext;
  readonly site: string;
  /** Requests to anywhere but the site. */
  readonly foreign: string[] = [];
  readonly errors: string[] = [];

  private constructor(context: BrowserContext, site: string) {
    this.context = context;
    this.site = site;
  }

  static async of({ browser, address }: ServedSite): Promise<Visitor> {
    const visitor = new Visitor(await browser.newContext(), address);
    visitor.context.on('request', (request) => {
      if (!request.url().startsWith(address) && !/^(blob|data):/.test(request.url()))
        visitor.foreign.push(request.url());
    });
    return visitor;
  }

  /** Opens the page, and waits until it is there. */
  async open(): Promise<Page> {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.errors.push(error.message));
    await page.goto(this.site);
    await page.getByRole('heading', { name: 'New video' }).waitFor({ timeout: 60_000 });
    return page;
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** Adds a file and begins its job. */
export async function begin(page: Page, path: string): Promise<void> {
  await page.goto(`${page.url().replace(/#.*/, '')}#/start`);
  await page.getByLabel('Choose a file').setInputFiles(path);
  await page.locator('form').getByRole('button', { name: 'Process the video' }).click();
  await page.locator('.job').first().waitFor();
}

/** Waits until a video's job is over, and gives its state and what the page says of it. */
export async function outcome(page: Page, title: string): Promise<{ readonly state: string; readonly text: string }> {
  const job = page.locator('.job', { hasText: title }).first();
  await page
    .locator('.job:not([data-state=queued]):not([data-state=running])', { hasText: title })
    .first()
    .waitFor({ timeout: 240_000 });
  return { state: (await job.getAttribute('data-state')) ?? '', text: await job.innerText() };
}

/** A stored file's bytes, as the page's own links give them. */
export async function stored(page: Page, video: string, name: string): Promise<Buffer> {
  const text = await page.evaluate(
    async (address) => {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      let binary = '';
      for (let at = 0; at < bytes.length; at += 32_768)
        binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
      return btoa(binary);
    },
    `stored/files/${encodeURIComponent(video)}/${encodeURIComponent(name)}`,
  );
  return Buffer.from(text, 'base64');
}

/** Names of all that lies in the browser's private storage, with the folders above. */
export function storedNames(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const names: string[] = [];
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      const entries = folder as unknown as AsyncIterable<[string, FileSystemHandle]>;
      for await (const [name, entry] of entries) {
        names.push(path + name);
        if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle, `${path}${name}/`);
      }
    };
    await walk(await navigator.storage.getDirectory(), '');
    return names;
  });
}
