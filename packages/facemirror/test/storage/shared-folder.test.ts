import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkedRelative } from '../../src/storage/relative-path.js';
import { SharedFolder } from '../../src/storage/shared-folder.js';

describe('a path in a job', () => {
  test.each(['visits/a.mp4', 'a b/ä.mp4', '12:30.mp4', '', 'a..b/c'])('may be below the root: "%s"', (path) => {
    expect(checkedRelative(path, 'linux')).toBe(path);
  });
  test.each(['../a', 'a/../../b', '/etc/passwd', 'a//b', './a', 'a\\..\\b', 'C:\\x', 'a\0b', 'a/'])(
    'may not lead anywhere else: "%s"',
    (path) => {
      expect(() => checkedRelative(path, 'linux')).toThrow('no path below the root');
    },
  );
  test.each(['C:/x', 'a/b:stream', 'a./b', 'x?'])(
    'is refused where Windows would take it for something else: "%s"',
    (path) => {
      expect(() => checkedRelative(path, 'win32')).toThrow('no path below the root');
    },
  );
});

describe('a shared folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'facemirror-shared-')));
    await mkdir(join(folder, 'root', 'visits'), { recursive: true });
    await writeFile(join(folder, 'root', 'visits', 'a.mp4'), 'a');
    await writeFile(join(folder, 'secret.mp4'), 'secret');
    if (process.platform === 'win32') return;
    await symlink(join(folder, 'secret.mp4'), join(folder, 'root', 'visits', 'link.mp4'));
    await symlink(folder, join(folder, 'root', 'up'));
    await symlink(join(folder, 'root'), join(folder, 'alias'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('names files by their path from the root, whatever it is called on this machine', async () => {
    const shared = await SharedFolder.open(join(folder, 'root'));
    expect(await shared.videos([join(folder, 'root', 'visits', 'a.mp4')])).toEqual([
      { path: 'visits/a.mp4', stem: 'a' },
    ]);
    expect(await shared.folder(join(folder, 'root', 'new', 'results'))).toBe('new/results');
    expect(await shared.folder(join(folder, 'root'))).toBe('');
    await expect(shared.folder(join(folder, 'elsewhere'))).rejects.toThrow('outside the root');
    await expect(SharedFolder.open(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'USAGE' });
  });

  test.skipIf(process.platform === 'win32')('follows no link out of the root', async () => {
    const shared = await SharedFolder.open(join(folder, 'root'));
    for (const path of ['visits/link.mp4', 'up/secret.mp4'])
      await expect(shared.begin({ path, out: 'out', stem: 'x' })).rejects.toThrow('leads out of the root');
    await expect(shared.begin({ path: 'visits/a.mp4', out: 'up', stem: 'x' })).rejects.toThrow('leads out');
    await expect(shared.hash('visits/link.mp4')).rejects.toThrow('leads out of the root');
    const aliased = await SharedFolder.open(join(folder, 'alias'));
    expect(await aliased.videos([join(folder, 'root', 'visits', 'a.mp4')])).toMatchObject([{ path: 'visits/a.mp4' }]);
    expect(await aliased.videos([join(folder, 'alias', 'visits', 'a.mp4')])).toMatchObject([{ path: 'visits/a.mp4' }]);
  });
});
