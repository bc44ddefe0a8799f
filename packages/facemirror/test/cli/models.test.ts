import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SHARED } from '../shared-folder.js';

const BUNDLE = join(SHARED, 'models/face_landmarker.task');
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let cache: string;
let server: Server;
let from: string;
let fetched: string[];
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'facemirror-models-'));
  fetched = [];
  server = createServer((request, response) => {
    const bytes = readFileSync(BUNDLE);
    response.writeHead(200, { 'content-length': bytes.length });
    if (request.method === 'GET') fetched.push(request.url ?? '');
    response.end(request.method === 'GET' ? bytes : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(cache, { recursive: true, force: true });
});

function models(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'models', ...words], {
      env: { ...process.env, FACEMIRROR_CACHE: cache },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe.skipIf(!existsSync(BUNDLE))('the bundle of the suite mediapipe (needs the shared folder)', () => {
  it('is fetched once: not again while it is there and intact, but when it was damaged', async () => {
    expect(await models('pull', 'mediapipe', '--from', from)).toMatchObject({ code: 0 });
    expect(fetched).toHaveLength(1);
    const again = await models('pull', 'mediapipe', '--from', from);
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('there already, and intact') });
    expect(fetched).toHaveLength(1);
    writeFileSync(join(cache, 'face_landmarker.task'), 'cut off');
    expect(await models('pull', 'mediapipe', '--from', from)).toMatchObject({ code: 0 });
    expect(fetched).toHaveLength(2);
  }, 60_000);

  it('is held against its hash by verify, which fails for a damaged one', async () => {
    expect(await models('verify')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/face_landmarker\.task: not there/),
    });
    cpSync(BUNDLE, join(cache, 'face_landmarker.task'));
    expect(await models('verify')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/face_landmarker\.task: intact, SHA-256 64184e22/),
    });
    writeFileSync(join(cache, 'face_landmarker.task'), readFileSync(BUNDLE).subarray(0, 100_000));
    expect(await models('verify')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/face_landmarker\.task: damaged/),
    });
  }, 60_000);
});
