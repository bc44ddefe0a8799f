import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { median } from 'facemirror-core/arithmetic.js';
import { SHARED } from '../shared-folder.js';
import { facemirror } from './program.js';

const CLIP = join(SHARED, 'reference/one-sided/astronaut_L.mp4');

test.skipIf(!existsSync(CLIP))(
  'a smile and a droop of the right side are measured there, and on the left there is none (needs ../shared)',
  { timeout: 120_000 },
  async () => {
    const out = await mkdtemp(join(tmpdir(), 'facemirror-one-sided-'));
    try {
      const { code } = await facemirror([
        'run',
        CLIP,
        '--no-audio',
        '--no-debug-video',
        '--quality',
        '45',
        '--out',
        out,
      ]);
      expect(code).toBe(0);
      const [head = '', ...lines] = (await readFile(join(out, 'astronaut_L_measures.csv'), 'utf8')).trim().split('\n');
      const columns = head.split(',');
      const change = (name: string, first: number, last: number): number => {
        const at = columns.indexOf(`${name}_iod`);
        const middle = (from: number, to: number): number =>
          median(lines.slice(from, to + 1).map((line) => Number(line.split(',')[at])));
        return 63 * (middle(first, last) - middle(5, 26));
      };
      const smile = (side: string): number =>
        (change(`commissure_lateral_${side}`, 64, 71) + change(`commissure_height_${side}`, 64, 71)) / Math.SQRT2;
      expect(Math.abs(smile('right') / 6 - 1)).toBeLessThan(0.15);
      expect(Math.abs(smile('left'))).toBeLessThan(0.4);
      const droop = (side: string): number => -change(`commissure_height_${side}`, 253, 260);
      expect(Math.abs(droop('right') / 5 - 1)).toBeLessThan(0.15);
      expect(Math.abs(droop('left'))).toBeLessThan(0.4);
      const record: unknown = JSON.parse(await readFile(join(out, 'astronaut_L.json'), 'utf8'));
      expect(record).toMatchObject({
        settings: { measure: 'mirrored' },
        tables: { measures: { measure: 'mirrored' } },
      });
    } finally {
      await rm(out, { recursive: true });
    }
  },
);
