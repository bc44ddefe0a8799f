import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHelper } from '../../src/processes/helper-process.js';

const SERVE = new URL('../../dist/processes/helper-child.js', import.meta.url);

let folder = '';
let file = new URL('file:///');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-test-'));
  // Leaves a temporary file, says where, and works for ever.
  const path = join(folder, 'helper.mjs');
  await writeFile(
    path,
    `import { writeFileSync } from 'node:fs'; import { tmpdir } from 'node:os'; import { join } from 'node:path';
     import { serveParent } from ${JSON.stringify(SERVE.href)};
     serveParent();
     process.once('message', () => { const left = join(tmpdir(), 'left'); writeFileSync(left, ''); process.send({ left, pid: process.pid }); setInterval(() => undefined, 1000); });`,
  );
  file = pathToFileURL(path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a process that works for this one', () => {
  it('is killed by the signal, and its temporary files go with it', async () => {
    const stop = new AbortController();
    let left = '';
    const { ended } = startHelper<{ left: string }>(
      file,
      {},
      {
        stderr: 'ignore',
        signal: stop.signal,
        onMessage: (said) => {
          left = said.left;
          expect(existsSync(left)).toBe(true);
          stop.abort();
        },
      },
    );
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect(left).not.toBe('');
    expect(existsSync(left)).toBe(false);
  });

  it('is left alone by Ctrl-C, which is for its parent to decide about, and ends when its parent lets it go', async () => {
    const { child } = startHelper<{ left: string }>(
      file,
      {},
      {
        stderr: 'ignore',
        onMessage: () => {
          for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(name);
          child.disconnect();
        },
      },
    );
    // A channel that its owner has closed is not waited for by 'close'.
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
