import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inputFiles } from '../../src/batch/input-files.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { OutputSet, prepareFolder, removeHalfMade, unwritable, workFolderName } from '../../src/results/outputs.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-outputs-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the outputs of a run', () => {
  test('appear when all are complete, with nothing left beside them', async () => {
    const set = await OutputSet.open(folder, 'patient');
    await writeFile(set.pathFor('left-video'), 'video');
    await writeFile(set.pathFor('record'), '{}');
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(await set.publish()).toEqual([join(folder, 'patient_left_mirrored.mp4'), join(folder, 'patient.json')]);
    expect((await readdir(folder)).sort()).toEqual(['patient.json', 'patient_left_mirrored.mp4']);
  });

  test('of an earlier run go when the new run does not make them', async () => {
    await writeFile(join(folder, 'patient_debug.mp4'), 'old');
    const set = await OutputSet.open(folder, 'patient');
    await writeFile(set.pathFor('record'), '{}');
    await set.publish();
    expect(await readdir(folder)).toEqual(['patient.json']);
  });

  test('leave nothing when they are discarded', async () => {
    const set = await OutputSet.open(folder, 'patient');
    await writeFile(set.pathFor('left-video'), 'video');
    await set.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a run that was killed are removed by the next one, those of a running one are not', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await mkdir(join(folder, workFolderName('patient', pid)));
    const running = workFolderName('other', process.ppid);
    await mkdir(join(folder, running));
    await prepareFolder(folder);
    expect(await readdir(folder)).toEqual([running]);
  });

  test('of a run on another machine are not judged by processes of this one', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const elsewhere = `.facemirror-00000000-${pid}-patient`;
    await mkdir(join(folder, elsewhere));
    await prepareFolder(folder);
    expect(await readdir(folder)).toEqual([elsewhere]);
  });

  test('of a lost process go when its job is taken over, with outputs that have no record, and no others', async () => {
    await mkdir(join(folder, '.facemirror-00000000-7-patient'));
    await mkdir(join(folder, '.facemirror-00000000-7-patient2'));
    for (const name of ['patient_measures.csv', 'other_measures.csv', 'other.json'])
      await writeFile(join(folder, name), '');
    await removeHalfMade(folder, 'patient');
    await removeHalfMade(folder, 'other');
    expect((await readdir(folder)).sort()).toEqual([
      '.facemirror-00000000-7-patient2',
      'other.json',
      'other_measures.csv',
    ]);
  });

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'need a folder that may be written',
    async () => {
      await chmod(folder, 0o500);
      await expect(prepareFolder(folder)).rejects.toMatchObject({
        code: 'FILE_UNWRITABLE',
        message: expect.stringContaining(folder),
      });
      await chmod(folder, 0o700);
    },
  );

  test('tell of the folder that the user knows when the disk is full', async () => {
    const set = await OutputSet.open(folder, 'patient');
    const error = unwritable(dirname(set.pathFor('left-table')), Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining(`no room left in ${folder}:`) });
    await set.discard();
  });

  test('need a folder that is one', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(prepareFolder(file)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });
});

describe('the videos of a folder', () => {
  test('are taken by name; results of earlier runs, hidden and other files are not', async () => {
    const names = [
      'b.MOV',
      'a.mp4',
      'a.json',
      'a_left_mirrored.mp4',
      'a_debug.mp4',
      'c_debug.mp4',
      '.hidden.mp4',
      'notes.txt',
    ];
    for (const name of names) await writeFile(join(folder, name), '{}');
    expect(await inputFiles([folder])).toEqual(
      ['a', 'b', 'c_debug'].map((stem, index) => ({
        stem,
        path: join(folder, ['a.mp4', 'b.MOV', 'c_debug.mp4'][index]!),
      })),
    );
  });

  test('with one stem give outputs of different names', async () => {
    for (const name of ['a.mp4', 'a.mov']) await writeFile(join(folder, name), '');
    expect((await inputFiles([folder])).map(({ stem }) => stem)).toEqual(['a_mov', 'a_mp4']);
  });

  test('with one name in two folders give outputs of different names, on file systems that do not tell case apart too', async () => {
    for (const visit of ['visit1', 'visit2']) {
      await mkdir(join(folder, visit));
      await writeFile(join(folder, visit, 'IMG_1.mp4'), '');
    }
    await writeFile(join(folder, 'visit2', 'img_1.MOV'), '');
    expect((await inputFiles([join(folder, 'visit1'), join(folder, 'visit2')])).map(({ stem }) => stem)).toEqual([
      'visit1_IMG_1',
      'visit2_IMG_1',
      'img_1_MOV',
    ]);
    expect(await inputFiles([join(folder, 'visit1'), join(folder, 'visit1', 'IMG_1.mp4')])).toHaveLength(1);
  });

  test('with a name as long as names can be give outputs whose names still are some', async () => {
    const [one, other] = ['1', '2'].map((digit) => `${'ü'.repeat(123)}${digit}.mp4`);
    const stems = (await inputFiles([one!, other!])).map(({ stem }) => stem);
    for (const stem of stems) expect(Buffer.byteLength(outputName(stem, 'right-video'))).toBeLessThan(255);
    expect(new Set(stems).size).toBe(2);
  });

  test('may be none, which is told', async () => {
    await expect(inputFiles([folder])).rejects.toMatchObject({ code: 'USAGE' });
  });
});
