import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askAbout, download } from '../../src/models/download.js';

const content = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, place) => (place * 31) % 251));
const hash = createHash('sha256').update(content).digest('hex');

let folder: string;
let server: Server;
let url: string;
let requests: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse, count: number) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facemirror-download-'));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.pth`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

function honest(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': content.length - start });
  response.end(content.subarray(start));
}

const get = (more: Partial<Parameters<typeof download>[0]> = {}): Promise<string> =>
  download({ url, path: join(folder, 'file.pth'), sha256: hash, bytes: content.length, patienceMs: 300, ...more });
const isThere = (): boolean => existsSync(join(folder, 'file.pth'));

describe('a download', () => {
  it('puts the whole file in its place and tells its hash', async () => {
    answer = honest;
    const progress: number[] = [];
    expect(await get({ onProgress: (done) => progress.push(done) })).toBe(hash);
    expect(readFileSync(join(folder, 'file.pth')).equals(content)).toBe(true);
    expect(progress.at(-1)).toBe(content.length);
    expect(existsSync(join(folder, 'file.pth.part'))).toBe(false);
  });

  it('goes on where a connection was cut off, also in a later call', async () => {
    answer = (request, response, count) => {
      if (count > 1) return honest(request, response);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 70_000), () => setTimeout(() => response.destroy(), 50));
    };
    await expect(get({ tries: 1 })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(isThere()).toBe(false);
    expect(await get()).toBe(hash);
    expect(requests.at(-1)?.headers.range).toBe('bytes=70000-');
  });

  it('gives up a server that stalls, and goes on with it once it answers again', async () => {
    answer = (request, response, count) => {
      if (count > 1) return honest(request, response);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
    };
    expect(await get()).toBe(hash);
    answer = () => undefined;
    rmSync(join(folder, 'file.pth'));
    await expect(get({ tries: 2 })).rejects.toThrow(/sent nothing for 0\.3 s/);
  });

  it('that is shorter or longer than announced, or another file, never gets the name', async () => {
    const lies: (typeof answer)[] = [
      (_, response) => response.writeHead(200, { 'content-length': 1000 }).end(content.subarray(0, 1000)),
      (_, response) => response.writeHead(200).end(Buffer.concat([content, content])),
      (_, response) =>
        response.writeHead(200, { 'content-length': content.length }).end(Buffer.alloc(content.length, 7)),
      (_, response) => response.writeHead(404).end(),
      (_, response) => response.writeHead(200, { 'content-length': 2 * content.length }).end(content.subarray(0, 1000)),
    ];
    for (const lie of lies) {
      answer = lie;
      await expect(get({ tries: 2 })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
      expect(isThere()).toBe(false);
      rmSync(join(folder, 'file.pth.part'), { force: true });
    }
  });

  it('starts over when what is there already is of another file', async () => {
    answer = honest;
    writeFileSync(join(folder, 'file.pth.part'), Buffer.alloc(5000, 1));
    await expect(get()).rejects.toThrow(/thrown away/);
    expect(await get()).toBe(hash);
  });

  it('stops when asked to', async () => {
    const controller = new AbortController();
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
      setTimeout(() => controller.abort(), 50);
    };
    await expect(get({ signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('asking about a file', () => {
  it("reads the hub's hash and size of a redirected file, without following it", async () => {
    answer = (_, response) =>
      response
        .writeHead(302, { location: '/elsewhere', 'x-linked-etag': `"${hash}"`, 'x-linked-size': '200000' })
        .end();
    expect(await askAbout(url)).toEqual({ sha256: hash, bytes: 200_000 });
    expect(requests.map(({ method }) => method)).toEqual(['HEAD']);
    answer = (_, response) => response.writeHead(200, { 'content-length': 5, etag: '"abc"' }).end();
    expect(await askAbout(url)).toEqual({ sha256: null, bytes: 5 });
    answer = (_, response) => response.writeHead(404).end();
    await expect(askAbout(url)).rejects.toThrow(/answers 404/);
  });
});
