import { describe, expect, test } from 'vitest';
import { FaceMirrorError } from '../../src/errors.js';
import { checkMovements, movementsTable, parseMovements } from '../../src/movements/movements-file.js';

/** Ten seconds at 10 frames a second. */
const time = Float64Array.from({ length: 100 }, (_, i) => i / 10);
const read = (text: string): ReturnType<typeof parseMovements> => parseMovements(text, { file: 'mine.csv', time });
const refusal = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof FaceMirrorError && error.code === 'USAGE') return error.message;
    throw error;
  }
  return 'was read';
};

describe('a movements file', () => {
  test('that was written is read back', () => {
    const movements = [
      { start: 1.25, end: 2.5, code: 'BS', source: 'proposed', confidence: 0.75 },
      { start: 3, end: 4, code: 'PL', source: 'edited', confidence: null },
    ] as const;
    expect(read([...movementsTable(movements)].join(''))).toEqual(movements);
  });

  test('is read whatever its separator, line ends and byte order mark, in any order of rows and columns', () => {
    const wanted = [
      { start: 0.5, end: 1.5, code: 'RE', source: 'imported', confidence: null },
      { start: 2, end: 3, code: 'FR', source: 'imported', confidence: null },
    ];
    expect(read('\uFEFFcode;start;end\r\nFR;2,0;3,0\r\n\r\nre;0,5;1,5\r\n')).toEqual(wanted);
    expect(read('Start\tEnd\tCode\n0.5\t1.5\tRE\n2\t3\tFR')).toEqual(wanted);
    expect(read('"start","end","code"\n"0.5","1.5","RE"\n2,3,FR\n')).toEqual(wanted);
  });

  test('with one action per frame gives a movement for each run of frames', () => {
    const rows = Array.from(
      { length: 100 },
      (_, i) => `${i + 1},${i >= 10 && i < 20 ? 'BS' : i >= 20 && i < 25 ? 'SE' : ''}`,
    );
    const [smile, ee, ...more] = read(`frame,action\n${rows.join('\n')}\n`);
    expect(smile).toMatchObject({ start: 1, end: 2, code: 'BS' });
    expect(ee).toMatchObject({ start: 2, end: 2.5, code: 'SE' });
    expect(more).toEqual([]);
  });

  test('that is wrong is refused with the line and what is wrong there', () => {
    expect(refusal('start,end,code\n1,2,XX\n')).toMatch(
      /mine\.csv, line 2: "XX" is no movement's code; the codes are RE ES/,
    );
    expect(refusal('start,end,code\n2,1,RE\n')).toMatch(/line 2: the movement ends at 1 s, not after its start at 2 s/);
    expect(refusal('start,end,code\n1,2,RE\n1.5,3,BS\n')).toMatch(
      /line 3: the movement overlaps with the one of line 2/,
    );
    expect(refusal('start,end,code\n9,11,RE\n')).toMatch(
      /line 2: the movement ends at 11 s, but the video at 10\.000 s/,
    );
    expect(refusal('start,end,code\nsoon,2,RE\n')).toMatch(/line 2: start is "soon", which is no time in seconds/);
    expect(refusal('start,end,code,source\n1,2,RE,guessed\n')).toMatch(/source is "guessed"/);
    expect(refusal('frame,action\n101,BS\n')).toMatch(/frame 101 is past the video's last, 100/);
    expect(refusal('name,age\nBob,4\n')).toMatch(/has neither the columns start, end and code nor a column action/);
    expect(refusal('')).toMatch(/is not a table/);
  });

  test('can be checked before its video is known', () => {
    expect(() => checkMovements('start,end,code\n9,1000,RE\n', 'mine.csv')).not.toThrow();
    expect(() => checkMovements('start,end,code\n9,1,RE\n', 'mine.csv')).toThrow(/not after its start/);
  });
});
