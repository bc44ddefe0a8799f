import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AV_PIX_FMT_YUV420P } from 'node-av';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEMO_FORMAT, DemoClip } from '../../src/demo/clip.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { readClip, sharedVideo } from '../video/clips.js';
import { writeCodedClip } from '../video/coded-clips.js';
import { writeDemoPart } from '../video/demo-part.js';
import { facemirror, until, type Ended } from './program.js';

/** With a blink in it, so that the tables hold something. */
const FIRST_FRAME = 140;
const FRAMES = 24;

let folder: string;
let clip: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-cli-'));
  clip = join(folder, 'patient.mp4');
  await writeDemoPart(clip, { first: FIRST_FRAME, frames: FRAMES });
});
afterAll(() => rm(folder, { recursive: true }));

const OUTPUTS = [
  'patient.json',
  'patient_blinks.csv',
  'patient_by_movement.csv',
  'patient_debug.mp4',
  'patient_frames.bin',
  'patient_left_mirrored.csv',
  'patient_left_mirrored.mp4',
  'patient_measures.csv',
  'patient_movements.csv',
  'patient_right_mirrored.csv',
  'patient_right_mirrored.mp4',
  'patient_synkinesis.csv',
];
/** Those with one row a frame. */
const TABLES = OUTPUTS.filter((name) => /(mirrored|measures)\.csv$/.test(name));

test('a video gives its outputs, once; a second run does nothing; other workers give the same bytes, and so does the CPU where another provider was asked for and is not there', async () => {
  const out = join(folder, 'once');
  expect(await facemirror(['run', clip, '--out', out])).toMatchObject({ code: 0 });
  expect((await readdir(out)).sort()).toEqual(OUTPUTS);
  const record = JSON.parse(await readFile(join(out, 'patient.json'), 'utf8')) as {
    input: { sha256: string };
    frames: unknown;
    suite: unknown;
  };
  expect(record.input.sha256).toBe(
    createHash('sha256')
      .update(await readFile(clip))
      .digest('hex'),
  );
  expect(record.frames).toMatchObject({ read: FRAMES, withFace: FRAMES });
  const measured = { predictedBytes: expect.any(Number), measuredBytes: expect.any(Number) };
  expect(record.suite).toMatchObject({
    provider: expect.stringMatching(/^(cpu|coreml|cuda|directml|webgpu)$/),
    workers: 1,
    workerMemory: measured,
  });
  for (const name of OUTPUTS.filter((each) => each.endsWith('.mp4'))) {
    const { times, info } = await readClip(join(out, name));
    expect(times.map((time) => Math.round(time * 30))).toEqual(Array.from({ length: FRAMES }, (_, index) => index));
    expect([info.width, info.height]).toEqual([DEMO_FORMAT.width, DEMO_FORMAT.height]);
  }
  for (const name of TABLES)
    expect((await readFile(join(out, name), 'utf8')).trimEnd().split('\n')).toHaveLength(FRAMES + 1);

  const again = await facemirror(['run', clip, '--out', out]);
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('done already') });
  // Only running it again gives a trace.
  const trace = join(folder, 'trace.json');
  expect(await facemirror(['run', clip, '--out', out, '--trace', trace])).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('done already'),
  });
  expect(JSON.parse(await readFile(trace, 'utf8'))).toContainEqual(
    expect.objectContaining({ cat: 'frame', ph: 'b', args: { frame: FRAMES } }),
  );

  const other = join(folder, 'workers');
  // No platform has both.
  const missed = process.platform === 'darwin' ? 'directml' : 'coreml';
  const fallen = await facemirror([
    'run',
    clip,
    '--out',
    other,
    '--workers',
    '3',
    '--no-debug-video',
    '--provider',
    missed,
  ]);
  expect(fallen).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      new RegExp(`WARNING: The networks run on the CPU: the provider ${missed}, which was asked for, is not in this`),
    ),
  });
  const fallenRecord = JSON.parse(await readFile(join(other, 'patient.json'), 'utf8')) as {
    suite: unknown;
    warnings: string[];
  };
  expect(fallenRecord.suite).toMatchObject({ provider: 'cpu', providerAsked: missed });
  expect(fallenRecord.warnings[0]).toContain(missed);
  for (const name of TABLES) expect(await readFile(join(other, name))).toEqual(await readFile(join(out, name)));
  expect(existsSync(join(other, 'patient_debug.mp4'))).toBe(false);

  const part = join(folder, 'part');
  expect(await facemirror(['run', clip, '--out', part, '--outputs', 'tables'])).toMatchObject({ code: 0 });
  expect((await readdir(part)).sort()).toEqual(OUTPUTS.filter((each) => !each.endsWith('.mp4')));
  for (const name of TABLES) expect(await readFile(join(part, name))).toEqual(await readFile(join(out, name)));
  const tablesOnly = JSON.parse(await readFile(join(part, 'patient.json'), 'utf8')) as { output: unknown };
  expect(tablesOnly.output).toMatchObject({ encoder: null });
  expect(await facemirror(['run', clip, '--out', part, '--outputs', 'debug'])).toMatchObject({ code: 0 });
  expect((await readdir(part)).sort()).toEqual(['patient.json', 'patient_debug.mp4']);
  expect(await facemirror(['run', clip, '--out', part, '--outputs', 'pictures'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('videos, tables'),
  });
});

test('a video that was filmed sideways comes out upright, with an upright copy of itself', async () => {
  const sideways = join(folder, 'sideways.mp4');
  await writeDemoPart(sideways, { first: FIRST_FRAME, frames: FRAMES, turned: true });
  // The display matrix of a quarter turn clockwise, in the track header (ISO/IEC 14496-12, 8.3.2).
  const bytes = await readFile(sideways);
  const matrix = bytes.indexOf('tkhd', 0, 'latin1') + 44;
  [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].forEach((value, index) =>
    bytes.writeInt32BE(value, matrix + 4 * index),
  );
  await writeFile(sideways, bytes);
  const out = join(folder, 'upright');
  expect(await facemirror(['run', sideways, '--out', out, '--no-debug-video'])).toMatchObject({ code: 0 });
  const record = JSON.parse(await readFile(join(out, 'sideways.json'), 'utf8')) as { frames: unknown };
  expect(record.frames).toMatchObject({ read: FRAMES, withFace: FRAMES });
  for (const name of ['sideways_source.mp4', 'sideways_left_mirrored.mp4', 'sideways_right_mirrored.mp4']) {
    const { info, times } = await readClip(join(out, name));
    expect(info).toMatchObject({
      width: DEMO_FORMAT.width,
      height: DEMO_FORMAT.height,
      orientation: { description: 'upright' },
    });
    expect(times).toHaveLength(FRAMES);
  }
});

test('a video of odd size is processed; its results never replace those of another video without a word', async () => {
  const odd = join(folder, 'odd.mkv');
  await writeOddDemo(odd);
  const out = join(folder, 'odd-out');
  expect(await facemirror(['run', odd, '--out', out, '--no-debug-video'])).toMatchObject({ code: 0 });
  const text = await readFile(join(out, 'odd.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    versions: { onnxRuntime: expect.stringMatching(/^\d+\.\d+/), ffmpeg: expect.stringMatching(/^\d+\.\d+/) },
    input: { codedWidth: 239, codedHeight: 319 },
    output: { width: 240, height: 320 },
    frames: { read: 3, withFace: 3 },
  });
  // Nothing of where things lie on this machine goes with the results.
  for (const place of [folder, process.cwd(), homedir()]) expect(text).not.toContain(place);
  expect((await readClip(join(out, 'odd_left_mirrored.mp4'))).info).toMatchObject({ width: 240, height: 320 });

  await copyFile(clip, odd);
  const refused = await facemirror(['run', odd, '--out', out]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
  expect(await readFile(join(out, 'odd.json'), 'utf8')).toBe(text);
});

/** Three frames of the demo, halved to an odd size. */
async function writeOddDemo(path: string): Promise<void> {
  const frame = await new FramePool({ ...DEMO_FORMAT, capacity: 1 }).acquire();
  new DemoClip().draw(0, frame);
  await writeCodedClip(
    path,
    { encoder: 'ffv1', pixelFormat: AV_PIX_FMT_YUV420P, width: 239, height: 319, times: [0, 40, 80] },
    undefined,
    frame,
  );
}

test('several videos at once give the tables that they give alone; one that cannot be read stops none of them', async () => {
  const videos = join(folder, 'visits');
  await mkdir(videos);
  for (const name of ['a.mp4', 'c.mp4', 'd.mp4']) await copyFile(clip, join(videos, name));
  await writeFile(join(videos, 'b.mp4'), 'no video');
  const out = join(folder, 'at-once');
  const { code, stderr, stdout } = await facemirror(['run', videos, '--out', out, '--jobs', '2', '--no-debug-video']);
  expect(code).toBe(3);
  expect(stdout).toMatch(/^3 done, 1 failed\..*\n {2}failed: .*b\.mp4\n$/);
  expect(stderr).toContain('a.mp4: done: 24 frames');
  const [first = '', ...others] = await Promise.all(
    ['a', 'c', 'd'].map((name) => readFile(join(out, `${name}_measures.csv`), 'utf8')),
  );
  expect(first.split('\n').length).toBe(FRAMES + 2);
  for (const other of others) expect(other).toBe(first);
  const alone = join(folder, 'alone');
  expect(await facemirror(['run', join(videos, 'a.mp4'), '--out', alone, '--no-debug-video'])).toMatchObject({
    code: 0,
  });
  expect(await readFile(join(alone, 'a_measures.csv'), 'utf8')).toBe(first);
});

describe('a run that does not come to its end', () => {
  const workFolder = (out: string) => async (): Promise<boolean> => {
    const names = existsSync(out) ? await readdir(out) : [];
    const work = names.find((name) => name.startsWith('.facemirror-'));
    return work !== undefined && (await readdir(join(out, work)).catch(() => [])).length > 0;
  };

  test.skipIf(process.platform === 'win32')('leaves nothing when Ctrl-C stops it', async () => {
    const out = join(folder, 'stopped');
    const { code, stderr } = await facemirror(['run', clip, '--out', out], async (child) => {
      await until(workFolder(out));
      child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(stderr).toContain('Stopped');
    expect(await readdir(out)).toEqual([]);
  });

  test('leaves no file that looks finished when it is killed, and the next run completes', async () => {
    const out = join(folder, 'killed');
    await facemirror(['run', clip, '--out', out], async (child) => {
      await until(workFolder(out));
      child.kill('SIGKILL');
    });
    expect((await readdir(out)).filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(await facemirror(['run', clip, '--out', out])).toMatchObject({ code: 0 });
    expect((await readdir(out)).sort()).toEqual(OUTPUTS);
  });
});

describe('what cannot be processed ends with a sentence and leaves nothing', () => {
  async function fails(args: readonly string[], code: number, words: RegExp): Promise<void> {
    const out = await mkdtemp(join(folder, 'bad-'));
    const ended = await facemirror(['run', ...args, '--out', out]);
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.code).toBe(code);
    expect(await readdir(out)).toEqual([]);
  }

  test('a file without video', async () => {
    const text = join(folder, 'text.mp4');
    await writeFile(text, 'not a video\n'.repeat(99));
    await fails([text], 1, /text\.mp4 is not a video/);
    const empty = join(folder, 'empty.mp4');
    await writeFile(empty, '');
    await fails([empty], 1, /empty\.mp4 is empty/);
    await fails([join(folder, 'none.mp4')], 1, /none\.mp4 cannot be opened: there is no such file/);
    const sound = join(folder, 'sound.wav');
    await writeFile(sound, silence(8000));
    await fails([sound], 1, /sound\.wav holds sound only/);
  });

  test('a video that was cut off', async () => {
    const bytes = await readFile(clip);
    const cut = join(folder, 'cut.mp4');
    await writeFile(cut, bytes.subarray(0, bytes.length * 0.6));
    await fails([cut], 1, /cut\.mp4 .*cut off/);
  });

  test('options that mean nothing', async () => {
    await fails([clip, '--suite', 'none'], 2, /Allowed choices are mediapipe, openface3/);
    await fails([clip, '--neutral', '4-2'], 2, /--neutral "4-2"/);
    await fails([clip, '--face', 'biggest'], 2, /--face/);
  });

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('a folder that may not be read', async () => {
    const locked = await mkdtemp(join(folder, 'locked-'));
    await chmod(locked, 0o000);
    await fails([locked], 1, /cannot be opened: it may not be read/);
    await chmod(locked, 0o700);
  });

  test('one bad file does not stop the others', async () => {
    const bad = join(folder, 'bad.mp4');
    await writeFile(bad, 'bad');
    const out = join(folder, 'batch');
    const { code, stdout, stderr } = await facemirror(['run', bad, clip, '--out', out, '--no-debug-video']);
    expect(code).toBe(3);
    expect(stderr).toContain('bad.mp4 is not a video');
    expect(stdout).toContain('1 done, 1 failed');
    expect(existsSync(join(out, 'patient.json'))).toBe(true);
  });
});

/** A WAV file of 16-bit silence. */
function silence(samples: number): Buffer {
  const bytes = Buffer.alloc(44 + samples * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + samples * 2, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  [16, 0x00010001, 8000, 16_000, 0x00100002].forEach((value, index) => bytes.writeUInt32LE(value, 16 + 4 * index));
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples * 2, 40);
  return bytes;
}

describe('real videos', () => {
  async function process(name: string): Promise<{ ended: Ended; out: string; successes: number[] }> {
    const out = await mkdtemp(join(folder, 'real-'));
    const ended = await facemirror(['run', sharedVideo(name)!, '--out', out, '--no-debug-video']);
    const table = (await readdir(out)).find((each) => each.endsWith('_left_mirrored.csv'));
    const rows = table === undefined ? [] : (await readFile(join(out, table), 'utf8')).trimEnd().split('\n').slice(1);
    return { ended, out, successes: rows.map((row) => Number(row.split(',')[4])) };
  }

  test.skipIf(sharedVideo('single_face.mp4') === null)(
    'a talking face is found in at least 98 % of the frames',
    async () => {
      const { successes } = await process('single_face.mp4');
      expect(successes).toHaveLength(72);
      expect(successes.filter((success) => success === 1).length).toBeGreaterThanOrEqual(0.98 * 72);
    },
  );

  test.skipIf(sharedVideo('face_noface.mov') === null)('frames after the face has gone are marked', async () => {
    const { successes } = await process('face_noface.mov');
    expect(successes).toHaveLength(169);
    const last = successes.lastIndexOf(1);
    expect(last).toBeGreaterThan(60);
    expect(last).toBeLessThan(100);
  });

  test.skipIf(sharedVideo('no_face.mp4') === null)('a video without a face is exit 3, with nothing left', async () => {
    const { ended, out } = await process('no_face.mp4');
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('No face was found');
    expect(await readdir(out)).toEqual([]);
  });

  test.skipIf(sharedVideo('rotate.mp4') === null)(
    'a video without a face is written as it is, upright and marked, where that is asked for',
    async () => {
      const out = await mkdtemp(join(folder, 'real-'));
      expect(
        await facemirror(['run', sharedVideo('rotate.mp4')!, '--out', out, '--allow-no-face', '--no-debug-video']),
      ).toMatchObject({ code: 0 });
      for (const kind of ['source', 'left_mirrored', 'right_mirrored']) {
        const { info, times } = await readClip(join(out, `rotate_${kind}.mp4`));
        expect([info.width, info.height, times.length]).toEqual([1080, 1920, 45]);
      }
      const rows = (await readFile(join(out, 'rotate_left_mirrored.csv'), 'utf8')).trimEnd().split('\n').slice(1);
      expect(rows).toHaveLength(45);
      for (const row of rows) expect(row).toMatch(/^\d+,0,[\d.]+,0\.00,0,*$/);
      expect(JSON.parse(await readFile(join(out, 'rotate.json'), 'utf8'))).toMatchObject({
        warnings: expect.arrayContaining([expect.stringContaining('No face')]),
      });
    },
  );
});

test('a folder that cannot be made, a folder of models that is not there and a face that is not there are told as what they are', async () => {
  if (process.platform === 'linux')
    expect(await facemirror(['run', clip, '--out', '/proc/x'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/proc/x'),
    });
  const out = join(folder, 'refused');
  expect(await facemirror(['run', clip, '--out', out, '--models', join(folder, 'nowhere')])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no folder'),
  });
  expect(await facemirror(['run', clip, '--out', out, '--face', '3'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('more than 1 face'),
  });
  expect(await facemirror(['run', clip, '--out', out, '--neutral', '1:00-1:02', '--no-debug-video'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('starts at 60.0 s, but the video ends at 0.8 s'),
  });
});
