import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { recordLog } from '../../src/files/record-log.js';

test('records come back in order, those in memory and those in the file, as often as asked', () => {
  const log = recordLog(3);
  const count = 7000;
  for (let i = 0; i < count; i++) log.append(Float64Array.of(i, i / 7, NaN));
  expect(log.length).toBe(count);
  for (let pass = 0; pass < 2; pass++) {
    let next = 0;
    for (const [first, second, third] of log.records()) {
      if (first !== next || second !== next / 7 || !Number.isNaN(third))
        throw new Error(`record ${next} is not what was written`);
      next++;
    }
    expect(next).toBe(count);
  }
  log.close();
  expect([...log.records()]).toEqual([]);
});

test('no file is left behind', () => {
  const filesNow = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('facemirror-log-'));
  const before = filesNow();
  const log = recordLog(2);
  for (let i = 0; i < 6000; i++) log.append(Float64Array.of(i, i));
  log.close();
  log.close();
  expect(filesNow()).toEqual(before);
});
