import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readClip } from '../video/clips.js';
import { writeDemoPart } from '../video/demo-part.js';
import { facemirror, type Ended } from './program.js';

/** A part of the demo with a smile in it. */
const PART = { first: 50, frames: 40 };

let folder: string;
let ran: Ended;
const at = (...names: string[]): string => join(folder, ...names);
const text = (...names: string[]): Promise<string> => readFile(at(...names), 'utf8');

/** One run for all: two visits of a patient differ by their names alone. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-examination-'));
  await writeDemoPart(at('patient.mp4'), PART);
  await writeFile(at('movements.csv'), 'start,end,code\n0.4,1.25,BS\n');
  ran = await facemirror([
    'run',
    at('patient.mp4'),
    ...['--out', at('cohort/P07/v1'), '--outputs', 'tables', '--movements', at('movements.csv')],
    ...['--neutral', '0-0.3', '--report', '--redacted'],
  ]);
  if (ran.code === 0) await cp(at('cohort/P07/v1'), at('cohort/P07/v2'), { recursive: true });
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

/** One sentence on standard error, nothing on standard output. */
function refusal(code: number, sentence: RegExp): object {
  return { code, stdout: '', stderr: expect.stringMatching(new RegExp(`^[^\\n]*${sentence.source}[^\\n]*\\n$`)) };
}

test('a run writes the report and the redacted set beside its tables', async () => {
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('--performance-report') });
  const page = await text('cohort/P07/v1/patient_report.html');
  expect(page).toMatch(/big smile/i);
  expect(page).toMatch(/research and education[^<]*not a medical device/i);
  expect(page.match(/data:image\/jpeg;base64,/g)?.length).toBeGreaterThanOrEqual(3);
  expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
  expect(await readdir(at('cohort/P07/v1/patient_redacted'))).toEqual(
    expect.arrayContaining(['redacted.mp4', 'redacted_by_movement.csv', 'redacted_measures.csv']),
  );
});

describe('facemirror report', () => {
  test('writes the report again, for the patient and visit that are given, and says when it lacks pictures', async () => {
    const record = at('cohort/P07/v1/patient.json');
    const options = ['--subject', 'P07', '--visit', 'week 12', '-o', at('again.html')];
    expect(await facemirror(['report', record, '--video', at('patient.mp4'), ...options])).toMatchObject({ code: 0 });
    const page = await text('again.html');
    expect(page).toContain('P07');
    expect(page).toContain('week 12');
    expect(page).toContain('data:image/jpeg');
    expect(await facemirror(['report', record, '-o', at('bare.html')])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('patient.mp4 was not found beside the results'),
    });
    expect(await text('bare.html')).not.toContain('data:image/jpeg');
  });

  test('refuses in a sentence what it cannot be made of', async () => {
    await mkdir(at('old'));
    await cp(at('cohort/P07/v1/patient.json'), at('old/patient.json'));
    const record = at('cohort/P07/v1/patient.json');
    const wrongVideo = at('cohort/P07/v1/patient_redacted/redacted.mp4');
    const answers = await Promise.all([
      facemirror(['report', at('old/patient.json')]),
      facemirror(['report', record, '--video', wrongVideo]),
      facemirror(['report', record, '--md', '-']),
    ]);
    expect(answers[0]).toMatchObject(refusal(1, /patient\.json has no patient_frames\.bin beside it/));
    expect(answers[1]).toMatchObject(refusal(2, /redacted\.mp4 is not the video patient\.mp4/));
    expect(answers[2]).toMatchObject(refusal(2, /use "facemirror performance"/));
  });
});

test('facemirror run refuses movements for several videos, and a report without tables', async () => {
  await mkdir(at('several'));
  for (const name of ['a.mp4', 'b.mp4']) await cp(at('patient.mp4'), at('several', name));
  const [several, noTables] = await Promise.all([
    facemirror(['run', at('several'), '-o', at('none'), '--movements', at('movements.csv')]),
    facemirror(['run', at('patient.mp4'), '-o', at('none'), '--outputs', 'videos', '--redacted']),
  ]);
  expect(several).toMatchObject(refusal(2, /--movements is a table for one video, but there are 2/));
  expect(noTables).toMatchObject(refusal(2, /--redacted is made of the tables, which --outputs leaves out/));
});

test('facemirror compare puts visits side by side; the same visit twice has not changed; one visit is refused', async () => {
  const visits = ['v1', 'v2'].map((visit) => at('cohort/P07', visit, 'patient.json'));
  const [both, one] = await Promise.all([
    facemirror(['compare', ...visits, '-o', at('change.html')]),
    facemirror(['compare', visits[0] ?? '', '-o', at('one.html')]),
  ]);
  expect(both).toMatchObject({ code: 0 });
  expect(await text('change.html')).toMatch(/big smile/i);
  const [head = '', ...rows] = (await text('change.csv')).trimEnd().split('\n');
  const column = head.split(',').indexOf('change_2');
  expect(column).toBeGreaterThan(0);
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(Number(row.split(',')[column])).toBeCloseTo(0, 10);
  expect(one).toMatchObject(refusal(2, /two visits/));
});

test('facemirror cohort makes one table of all runs, with an expert beside it; an empty folder is refused', async () => {
  await mkdir(at('empty'));
  const line = (visit: string, side: string, value: number): string => `P07;${visit};BS;AU12;${side};${value}`;
  const values = [line('v1', 'left', 1), line('v1', 'right', 2), line('v2', 'left', 1), line('v2', 'right', 3)];
  await writeFile(at('expert.csv'), `\uFEFFsubject;visit;code;name;side;value\r\n${values.join('\r\n')}\r\n`);
  const [whole, wide, empty] = await Promise.all([
    facemirror(['cohort', at('cohort'), '-o', at('cohort.csv'), '--expert', at('expert.csv')]),
    facemirror(['cohort', at('cohort'), '-o', at('wide.csv'), '--wide']),
    facemirror(['cohort', at('empty'), '-o', at('nothing.csv')]),
  ]);
  expect(whole).toMatchObject({ code: 0 });
  const [head = '', ...rows] = (await text('cohort.csv')).trimEnd().split('\n');
  expect(head).toMatch(/^subject,visit,suite,/);
  expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual(['P07 v1', 'P07 v2']);
  expect(await text('cohort_agreement.csv')).toMatch(/^AU12,4,/m);
  expect(await text('cohort_agreement.html')).toContain('<svg');
  expect(wide).toMatchObject({ code: 0 });
  expect((await text('wide.csv')).split('\n')[0]).toContain('BS_Left AU12_r (Normalized)');
  expect(empty).toMatchObject(refusal(2, /holds no results that can be read/));
});

test('facemirror redact gives what the run gave, without the source: a picture for each frame, no sound, no name', async () => {
  await rm(at('patient.mp4'));
  expect(await facemirror(['redact', at('cohort/P07/v2/patient.json'), '-o', at('shared')])).toMatchObject({ code: 0 });
  const names = await readdir(at('shared'));
  expect(names.sort()).toEqual((await readdir(at('cohort/P07/v1/patient_redacted'))).sort());
  for (const name of names) {
    const bytes = await readFile(at('shared', name));
    expect(bytes.equals(await readFile(at('cohort/P07/v1/patient_redacted', name)))).toBe(true);
    expect(bytes.includes('patient')).toBe(false);
    expect(bytes.includes('P07')).toBe(false);
  }
  const { times, info } = await readClip(at('shared/redacted.mp4'));
  expect(times).toHaveLength(PART.frames);
  expect(info.audio).toBeNull();
});
