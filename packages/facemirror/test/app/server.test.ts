import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runApp, type RunningApp } from './running-app.js';

let app: RunningApp;
beforeAll(async () => {
  app = await runApp();
});
afterAll(async () => {
  await app.close();
  app.remove();
});

const UPLOAD = { method: 'POST', headers: { 'content-type': 'application/octet-stream' } } as const;

/** A request whose Host header is chosen, as a rebound name would send it. */
function askAs(headers: Record<string, string>, path = '/api/library'): Promise<number> {
  const { port } = new URL(app.origin);
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('who is let in', () => {
  it('moves the token from the address to a cookie that no script reads and no other site sends', async () => {
    const answer = await fetch(app.server.address, { redirect: 'manual' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      new RegExp(`^facemirror-${new URL(app.origin).port}=[\\w-]{32}; .*HttpOnly; SameSite=Strict`),
    );
  });

  it('refuses requests without the token, with a wrong one, and for the page itself', async () => {
    expect((await fetch(`${app.origin}/api/library`)).status).toBe(401);
    expect((await fetch(`${app.origin}/`)).status).toBe(401);
    expect((await fetch(`${app.origin}/?token=wrong`, { redirect: 'manual' })).status).toBe(401);
  });

  it('refuses another host name (DNS rebinding) even with the token', async () => {
    const cookie =
      (await fetch(app.server.address, { redirect: 'manual' })).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await askAs({ cookie, host: new URL(app.origin).host })).toBe(200);
    expect(await askAs({ cookie, host: 'evil.example' })).toBe(403);
    expect(await askAs({ cookie, host: `evil.example:${new URL(app.origin).port}` })).toBe(403);
  });

  it('refuses other origins (cross-site posts)', async () => {
    const answer = await app.ask('/api/demo', { method: 'POST', headers: { origin: 'https://evil.example' } });
    expect(answer.status).toBe(403);
    expect((await app.ask('/api/library', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });

  it('sends a policy that allows no inline script and no other origin', async () => {
    const { headers } = await app.ask('/api/library');
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('paths', () => {
  it.each(['..%2F..%2Fetc', '%2E%2E/x/y', 'a%2Fb%2F..', 'CON%2Fv%2Fx', 'a%2Fb%2Fc%00'])(
    'stay within the library: %s',
    async (id) => {
      const answer = await app.ask(`/api/videos/${id}/review`);
      expect([400, 404]).toContain(answer.status);
    },
  );

  it('do not follow links out of the library', async () => {
    mkdirSync(join(app.library, 's', 'v'), { recursive: true });
    mkdirSync(join(app.library, '..', 'outside-of-it'), { recursive: true });
    const facts = { file: 'passwd', affected: 'none', settings: {}, job: null };
    writeFileSync(join(app.library, '..', 'outside-of-it', 'facemirror-video.json'), JSON.stringify(facts));
    symlinkSync(join(app.library, '..', 'outside-of-it'), join(app.library, 's', 'v', 'link'));
    expect((await app.ask('/api/videos/s%2Fv%2Flink/files/passwd')).status).toBe(404);
  });
});

describe('uploads', () => {
  it('are streamed to the video’s folder, whole, and answer to requests of ranges', async () => {
    const bytes = Buffer.alloc(3_000_000, 7);
    const answer = await app.ask('/api/videos?name=smile.mp4&subject=S1&visit=2026-01-01', { ...UPLOAD, body: bytes });
    expect(answer.status).toBe(201);
    const { video } = (await answer.json()) as { video: string };
    expect(video).toBe('S1/2026-01-01/smile');
    expect(readFileSync(join(app.library, 'S1', '2026-01-01', 'smile', 'smile.mp4')).equals(bytes)).toBe(true);
    const part = await app.ask(`/api/videos/${encodeURIComponent(video)}/files/smile.mp4`, {
      headers: { range: 'bytes=10-19' },
    });
    expect(part.status).toBe(206);
    expect((await part.arrayBuffer()).byteLength).toBe(10);
  });

  it('of the same name get a folder of their own', async () => {
    const answer = await app.ask('/api/videos?name=smile.mp4&subject=S1&visit=2026-01-01', { ...UPLOAD, body: 'x' });
    expect(await answer.json()).toEqual({ video: 'S1/2026-01-01/smile (2)' });
  });

  it('that are too large are refused and leave nothing', async () => {
    const answer = await app.ask('/api/videos?name=big.mp4&subject=S1&visit=v', {
      ...UPLOAD,
      body: Buffer.alloc(51_000_000),
    });
    expect(answer.status).toBe(413);
    expect(readdirSync(app.library).filter((name) => name.startsWith('.upload'))).toEqual([]);
    expect(readdirSync(join(app.library, 'S1'))).not.toContain('v');
  });

  it('with names of folders that cannot be are refused with a sentence', async () => {
    const answer = await app.ask('/api/videos?name=a.mp4&subject=..&visit=v', { ...UPLOAD, body: 'x' });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toContain('cannot be a folder');
  });
});

describe('jobs', () => {
  it('refuse settings that are none, with the command line’s sentence', async () => {
    const job = { video: 'S1/2026-01-01/smile', settings: { camera: 'sideways' } };
    const answer = await app.ask('/api/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(job),
    });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toContain('normal or mirrored');
  });

  it('that waited or ran when the server ended are interrupted, and can be tried again', async () => {
    const folder = join(app.library, 'S2', 'v', 'clip');
    mkdirSync(folder, { recursive: true });
    const job = { id: 'j1', createdAt: '2026-01-01T00:00:00Z', state: { kind: 'queued' }, notices: [] };
    const facts = { file: 'clip.mp4', affected: 'left', settings: {}, job };
    writeFileSync(join(folder, 'facemirror-video.json'), JSON.stringify(facts));
    const second = await runApp(app.library);
    try {
      const jobs = (await (await second.ask('/api/jobs')).json()) as { id: string; state: { kind: string } }[];
      expect(jobs.find(({ id }) => id === 'j1')?.state).toEqual({ kind: 'interrupted' });
    } finally {
      await second.close();
    }
  });
});
