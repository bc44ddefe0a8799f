import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processVideo } from '../../src/batch/process-video.js';
import { runApp, runView, type RunningApp } from './running-app.js';

const VIDEO = '/api/videos/Demo%2Fdemo%2Fdemo';
const JSON_BODY = { 'content-type': 'application/json' };

let app: RunningApp;
let folder: string;
const elsewhere = mkdtempSync(join(tmpdir(), 'facemirror-results-'));

beforeAll(async () => {
  app = await runApp();
  folder = join(app.library, 'Demo', 'demo', 'demo');
  await app.ask('/api/demo', { method: 'POST', headers: JSON_BODY, body: '{}' });
  await app.ask('/api/jobs', {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ video: 'Demo/demo/demo', settings: { affected: 'left', debugVideo: false } }),
  });
  await ended();
}, 120_000);
afterAll(async () => {
  await app.close();
  app.remove();
  rmSync(elsewhere, { recursive: true, force: true });
});

async function ended(): Promise<void> {
  for (;;) {
    const [job] = (await (await app.ask('/api/jobs')).json()) as { state: { kind: string } }[];
    if (job?.state.kind === 'done') return;
    if (job?.state.kind === 'failed') throw new Error(JSON.stringify(job));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function tables(of: string): Record<string, string> {
  const names = readdirSync(of).filter((name) => name.endsWith('.csv'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(of, name), 'utf8')]));
}

/** A record without what two runs of the same always differ in: times, measurements of the machine. */
function recordIn(of: string): Record<string, unknown> {
  const record = JSON.parse(readFileSync(join(of, 'demo.json'), 'utf8')) as Record<string, unknown> & {
    suite: Record<string, unknown>;
  };
  const { name, title, models } = record.suite;
  return { ...record, finishedAt: null, editedAt: null, profile: null, suite: { name, title, models } };
}

async function save(edit: unknown): Promise<Response> {
  return app.ask(`${VIDEO}/examination`, { method: 'PUT', headers: JSON_BODY, body: JSON.stringify(edit) });
}

const movement = { start: 2, end: 3.6, code: 'BS', source: 'edited', confidence: null };

describe('results of the app', () => {
  it('are the bytes that "facemirror run" writes with the same settings', async () => {
    await processVideo(join(folder, 'demo.mp4'), { out: elsewhere, affected: 'left', debugVideo: false });
    expect(tables(folder)).toEqual(tables(elsewhere));
    expect(recordIn(folder)).toEqual(recordIn(elsewhere));
  }, 120_000);

  it('are after an edit the bytes of a run with these movements and this neutral stretch', async () => {
    const answer = await save({ movements: [movement], neutral: { start: 0.2, end: 0.9 } });
    expect(answer.status).toBe(200);
    const text = readFileSync(join(folder, 'demo_movements.csv'), 'utf8');
    expect(text).toBe('start,end,code,source,confidence\n2.000,3.600,BS,edited,\n');
    await processVideo(join(folder, 'demo.mp4'), {
      out: elsewhere,
      affected: 'left',
      outputs: ['tables'],
      neutral: { kind: 'window', start: 0.2, end: 0.9 },
      movements: { file: 'demo_movements.csv', text },
      force: true,
    });
    expect(tables(folder)).toEqual(tables(elsewhere));
    const { settings, tables: described, examination } = recordIn(elsewhere);
    expect(recordIn(folder)).toMatchObject({ tables: described, examination });
    expect(recordIn(folder)['settings']).toMatchObject({ neutral: (settings as { neutral: unknown }).neutral });
  }, 120_000);

  it('come back as they were when movements and rest are proposed anew', async () => {
    const before = await (await save({ movements: null, neutral: null })).json();
    await save({ movements: [movement], neutral: { start: 0.2, end: 0.9 } });
    expect(await (await save({ movements: null, neutral: null })).json()).toEqual(before);
  });

  it('stay as they are when an edit cannot be', async () => {
    const before = tables(folder);
    const overlapping = await save({ movements: [movement, { ...movement, start: 3 }], neutral: null });
    expect(overlapping.status).toBe(400);
    expect(((await overlapping.json()) as { message: string }).message).toContain('overlaps');
    expect((await save({ movements: [], neutral: { start: 900, end: 901 } })).status).toBe(400);
    expect((await save({ movements: [{ ...movement, code: 'XX' }], neutral: null })).status).toBe(400);
    expect((await save({ movements: [{ ...movement, start: -1 }], neutral: null })).status).toBe(400);
    expect(tables(folder)).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.startsWith('.facemirror'))).toEqual([]);
  });
});

describe('the examination report of the app', () => {
  it('is made when it is asked for, and anew after an edit', async () => {
    const report = async (): Promise<string> => {
      const { address } = (await (await app.ask(`${VIDEO}/report/examination`)).json()) as { address: string };
      const page = await app.ask(address);
      expect(page.headers.get('content-security-policy')).not.toContain('script-src');
      return page.text();
    };
    const before = await report();
    expect(before.includes('Demo · demo')).toBe(true);
    expect((await save({ movements: [movement], neutral: null })).status).toBe(200);
    const after = await report();
    // Pages of some 100 kB: not to be printed.
    expect(after === before).toBe(false);
    expect(after.includes('big smile')).toBe(true);
  }, 60_000);
});

describe('the comparison of visits', () => {
  interface Answer {
    readonly columns: string[];
    readonly rows: (string | number | null)[][];
    readonly notes: string[];
    readonly message: string;
  }
  const compare = async (...videos: string[]): Promise<{ status: number; answer: Answer }> => {
    const reply = await app.ask('/api/compare', {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify({ videos }),
    });
    return { status: reply.status, answer: (await reply.json()) as Answer };
  };
  const visit = (name: string): string => join(app.library, 'Demo', name, 'demo');

  it('finds no change between a result and its copy, and a change where the movement was a different one', async () => {
    await save({ movements: [movement], neutral: null });
    cpSync(folder, visit('same'), { recursive: true });
    cpSync(folder, visit('other'), { recursive: true });
    const other = 'start,end,code,source,confidence\n5.000,6.600,BS,edited,\n';
    writeFileSync(join(visit('other'), 'demo_movements.csv'), other);
    const { status, answer } = await compare('Demo/demo/demo', 'Demo/same/demo', 'Demo/other/demo');
    expect(status).toBe(200);
    const { columns, rows } = answer;
    expect(columns.slice(0, 7)).toEqual(['code', 'quantity', 'name', 'side', 'unit', 'demo', 'repeats_1']);
    const ofSmile = rows.filter(([code]) => code === 'BS');
    expect(ofSmile.length).toBeGreaterThan(0);
    for (const row of ofSmile) {
      expect(row[columns.indexOf('change_2')]).toBe(0);
      const [before, now] = [row[columns.indexOf('demo')], row[columns.indexOf('other')]] as number[];
      expect(row[columns.indexOf('change_3')]).toBeCloseTo(now! - before!, 9);
    }
    expect(ofSmile.some((row) => row[columns.indexOf('change_3')] !== 0)).toBe(true);
    // One repeat says nothing of chance.
    expect(ofSmile.every((row) => row[columns.indexOf('beyond_3')] === null)).toBe(true);
    expect(answer.notes.join(' ')).toContain('3 repeats');
  }, 60_000);

  it('is refused with a sentence for one visit, for another suite, and for what is not in the library', async () => {
    const sentence = async (...videos: string[]): Promise<string> => {
      const { status, answer } = await compare(...videos);
      return `${status} ${answer.message}`;
    };
    expect(await sentence('Demo/demo/demo', 'Demo/demo/demo')).toMatch(/^400 A comparison needs two visits/);
    const record = join(visit('other'), 'demo.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace(/("suite": \{\s*"name": )"[^"]+"/, '$1"another"'));
    expect(await sentence('Demo/demo/demo', 'Demo/other/demo')).toMatch(/^400 .*suites differ .*process one/);
    expect(await sentence('Demo/demo/demo', '../../demo')).toMatch(/^400 /);
    expect(await sentence('Demo/demo/demo', 'Demo/none/demo')).toMatch(/^404 /);
    expect((await compare('Demo/demo/demo', '')).status).toBe(400);
    rmSync(join(visit('same'), 'demo.json'));
    expect(await sentence('Demo/demo/demo', 'Demo/same/demo')).toMatch(/^404 .*no results yet/);
  }, 60_000);
});

describe('"facemirror view"', () => {
  it('shows results with their video, which lies one folder above, and offers nothing that changes them', async () => {
    const results = join(folder, 'results');
    await processVideo(join(folder, 'demo.mp4'), { out: results, outputs: ['tables'] });
    const view = await runView(results);
    try {
      const { canEdit, screens } = (await (await view.ask('/api/about')).json()) as {
        canEdit: boolean;
        screens: string[];
      };
      expect(canEdit).toBe(false);
      expect(screens).not.toContain('start');
      const { subjects } = (await (await view.ask('/api/library')).json()) as {
        subjects: { visits: { videos: { id: string }[] }[] }[];
      };
      const { id } = subjects[0]!.visits[0]!.videos[0]!;
      const review = (await (await view.ask(`/api/videos/${id}/review`)).json()) as {
        videos: { kind: string; address: string }[];
        tables: Record<string, string>;
      };
      expect(review.tables['measures']).toBe(readFileSync(join(results, 'demo_measures.csv'), 'utf8'));
      expect(review.videos.map(({ kind }) => kind)).toEqual(['original']);
      const video = await view.ask(review.videos[0]!.address);
      expect(Buffer.from(await video.arrayBuffer()).equals(readFileSync(join(folder, 'demo.mp4')))).toBe(true);
      // Beside the results, but none of them.
      expect((await view.ask(`/api/videos/${id}/files/package.json`)).status).toBe(404);
      expect((await view.ask(`/api/videos/${id}/examination`, { method: 'PUT' })).status).toBe(404);
      expect((await view.ask('/api/jobs', { method: 'POST' })).status).toBe(404);
    } finally {
      await view.close();
    }
  }, 60_000);

  it('refuses a folder without results with a sentence', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'facemirror-empty-'));
    await expect(runView(empty)).rejects.toThrow(/There are no results in/);
    rmSync(empty, { recursive: true });
  });
});
