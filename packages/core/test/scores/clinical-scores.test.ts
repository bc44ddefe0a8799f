import { describe, expect, test } from 'vitest';
import { composites, parseScores, SCORE_ITEMS, scoresTemplate } from '../../src/scores/clinical-scores.js';

function value(scores: Readonly<Record<string, number>>, label: string): number | null | undefined {
  return composites(scores).find((each) => each.label === label)?.value;
}

const all = (prefix: string, number: (name: string) => number): Record<string, number> =>
  Object.fromEntries(SCORE_ITEMS.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => [name, number(name)]));

describe('composites of clinical scores', () => {
  test('Sunnybrook is 100 for a normal face and 0 for a complete flaccid palsy (Ross et al. 1996)', () => {
    const normal = all('sunnybrook', (name) => (name.includes('move') ? 5 : 0));
    expect(value(normal, 'Sunnybrook composite')).toBe(100);
    const flaccid = all('sunnybrook', (name) =>
      name === 'sunnybrook_rest_cheek' ? 2 : name.includes('synkinesis') ? 0 : 1,
    );
    expect(value(flaccid, 'Sunnybrook composite')).toBe(0);
  });

  test('Sunnybrook weighs movement by 4, rest by 5 and synkinesis by 1', () => {
    // Rest 1 + 1 + 0, movement 3 + 4 + 3 + 2 + 4, synkinesis 0 + 2 + 1 + 0 + 1: 4 * 16 - 5 * 2 - 4.
    const moves: Record<string, number> = { brow: 3, eye: 4, smile: 3, snarl: 2, pucker: 4 };
    const synkinesis: Record<string, number> = { brow: 0, eye: 2, smile: 1, snarl: 0, pucker: 1 };
    const scores = all('sunnybrook', (name) => {
      const part = name.split('_')[2] ?? '';
      return name.includes('rest')
        ? part === 'mouth'
          ? 0
          : 1
        : ((name.includes('move') ? moves : synkinesis)[part] ?? NaN);
    });
    expect(value(scores, 'Sunnybrook composite')).toBe(50);
  });

  test('eFACE weighs movement twice, and counts too much as too little', () => {
    const scores = all('eface', (name) => (name.includes('rest') ? 120 : name.includes('move') ? 60 : 90));
    expect(value(scores, 'eFACE static')).toBe(80);
    expect(value(scores, 'eFACE total')).toBe((80 + 120 + 90) / 4);
  });

  test('FaCE goes from 0 to 100', () => {
    expect(
      [1, 3, 5].map((item) =>
        value(
          all('face', () => item),
          'FaCE total',
        ),
      ),
    ).toEqual([0, 50, 100]);
  });

  test('are missing as long as a field is', () => {
    const scores = { ...all('face', () => 5) };
    delete scores['face_7'];
    expect(composites(scores).find(({ label }) => label === 'FaCE total')).toMatchObject({
      value: null,
      given: 14,
      needed: 15,
    });
  });
});

describe('a file of scores', () => {
  test('is read with commas, semicolons or tabs and a byte order mark, and grades as Roman numerals', () => {
    expect(parseScores('\uFEFFitem;value\r\nhouse_brackmann;IV\r\neface_move_smile;62,5\r\n', 's.csv')).toEqual({
      house_brackmann: 4,
      eface_move_smile: 62.5,
    });
  });

  test('may be the empty template', () => {
    expect(parseScores(scoresTemplate(), 's.csv')).toEqual({});
  });

  test.each([
    ['item,value\nsunnybrook_rest_eye,2', /line 2: sunnybrook_rest_eye is "2"; it must be a whole number from 0 to 1/],
    ['item,value\nface_1,2.5', /line 2: face_1 is "2\.5"/],
    ['item,value\nsunnybrook_nose,1', /line 2: "sunnybrook_nose" is no field of a score/],
    ['item,value\nface_1,1\nface_1,2', /line 3: face_1 is there twice/],
    ['name,score\nface_1,1', /lacks the columns item and value/],
    ['', /is not a table/],
  ])('is refused with the line: %j', (text, message) => {
    expect(() => parseScores(text, 's.csv')).toThrow(message);
  });
});
