import { FaceMirrorError } from '../errors.js';
import { mean, sum } from '../arithmetic.js';
import { numberIn, parseCsv } from '../tables/csv.js';

/** The scales that a person fills in; FaCE by the patient, the others by a clinician. */
export const SCALES = ['sunnybrook', 'house_brackmann', 'eface', 'face'] as const;
export type Scale = (typeof SCALES)[number];

/** One field of a scale. */
export interface ScoreItem {
  readonly name: string;
  readonly scale: Scale;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

const MOVEMENTS = ['brow', 'eye', 'smile', 'snarl', 'pucker'] as const;

/** Every field, in the order of the scales' forms. */
export const SCORE_ITEMS: readonly ScoreItem[] = [
  whole('sunnybrook', 'rest_eye', 'Resting symmetry: eye', 0, 1),
  whole('sunnybrook', 'rest_cheek', 'Resting symmetry: cheek (nasolabial fold)', 0, 2),
  whole('sunnybrook', 'rest_mouth', 'Resting symmetry: mouth', 0, 1),
  ...MOVEMENTS.map((name) => whole('sunnybrook', `move_${name}`, `Voluntary movement: ${name}`, 1, 5)),
  ...MOVEMENTS.map((name) => whole('sunnybrook', `synkinesis_${name}`, `Synkinesis: ${name}`, 0, 3)),
  whole('house_brackmann', '', 'Grade, 1 to 6', 1, 6),
  ...(
    [
      ['rest_brow', 'At rest: brow', 200],
      ['rest_fissure', 'At rest: palpebral fissure', 200],
      ['rest_fold_depth', 'At rest: depth of the nasolabial fold', 200],
      ['rest_fold_direction', 'At rest: direction of the nasolabial fold', 200],
      ['rest_commissure', 'At rest: oral commissure', 200],
      ['move_brow', 'In movement: brow elevation', 200],
      ['move_gentle_closure', 'In movement: gentle eye closure', 200],
      ['move_full_closure', 'In movement: full eye closure', 200],
      ['move_smile', 'In movement: oral commissure with smile', 200],
      ['move_lower_lip', 'In movement: lower lip', 200],
      ['move_fold_depth', 'In movement: depth of the nasolabial fold with smile', 200],
      ['move_fold_direction', 'In movement: direction of the nasolabial fold with smile', 200],
      ['synkinesis_ocular', 'Synkinesis: ocular', 100],
      ['synkinesis_midface', 'Synkinesis: midface', 100],
      ['synkinesis_mentalis', 'Synkinesis: mentalis', 100],
      ['synkinesis_platysma', 'Synkinesis: platysma', 100],
    ] as const
  ).map(([name, label, most]) => ({ ...whole('eface', name, label, 0, most), whole: false })),
  ...Array.from({ length: 15 }, (_, i) => whole('face', String(i + 1), `Item ${i + 1}, 1 (worst) to 5 (best)`, 1, 5)),
];

function whole(scale: Scale, name: string, label: string, least: number, most: number): ScoreItem {
  return { name: name === '' ? scale : `${scale}_${name}`, scale, label, least, most, whole: true };
}

/** Fields that were filled in, by their names in {@link SCORE_ITEMS}. */
export type ClinicalScores = Readonly<Record<string, number>>;

/** A number that is computed from fields. */
export interface Composite {
  readonly scale: Scale;
  readonly label: string;
  /** Null when fields that it needs are empty. */
  readonly value: number | null;
  readonly formula: string;
  readonly source: string;
  /** Fields that are filled in, of those that it needs. */
  readonly given: number;
  readonly needed: number;
}

/** All composites; those of scales of which nothing is filled in have no value. */
export function composites(scores: ClinicalScores): readonly Composite[] {
  const composite = (
    scale: Scale,
    label: string,
    names: readonly string[],
    compute: (values: readonly number[]) => number,
    formula: string,
    source: string,
  ): Composite => {
    const values = names.flatMap((name) => scores[name] ?? []);
    const isWhole = values.length === names.length;
    return {
      scale,
      label,
      value: isWhole ? compute(values) : null,
      formula,
      source,
      given: values.length,
      needed: names.length,
    };
  };
  const names = (scale: Scale, part: string): string[] =>
    SCORE_ITEMS.filter((each) => each.scale === scale && each.name.startsWith(`${scale}_${part}`)).map(
      ({ name }) => name,
    );
  const resting = names('sunnybrook', 'rest');
  const moving = names('sunnybrook', 'move');
  const [rest, move, synkinesis] = ['rest', 'move', 'synkinesis'].map((part) => names('eface', part));
  const eface = (values: readonly number[]): number => mean(values.map((value) => (value > 100 ? 200 - value : value)));
  const [r, m] = [rest?.length ?? 0, (rest?.length ?? 0) + (move?.length ?? 0)];
  const BANKS = 'Banks et al. 2015';
  return [
    composite(
      'sunnybrook',
      'Sunnybrook composite',
      names('sunnybrook', ''),
      (values) =>
        4 * sum(values.slice(resting.length, resting.length + moving.length)) -
        5 * sum(values.slice(0, resting.length)) -
        sum(values.slice(resting.length + moving.length)),
      '4 x voluntary movement - 5 x resting symmetry - synkinesis; 100 is normal, 0 a complete flaccid palsy',
      'Ross, Fradet & Nedzelski 1996',
    ),
    composite(
      'house_brackmann',
      'House-Brackmann grade',
      ['house_brackmann'],
      ([grade = NaN]) => grade,
      'as the clinician gave it; 1 is normal, 6 no movement',
      'House & Brackmann 1985',
    ),
    composite(
      'eface',
      'eFACE static',
      rest ?? [],
      eface,
      'mean of the items at rest; above 100 counts as 200 - x',
      BANKS,
    ),
    composite('eface', 'eFACE dynamic', move ?? [], eface, 'mean of the items in movement, likewise', BANKS),
    composite('eface', 'eFACE synkinesis', synkinesis ?? [], eface, 'mean of the items of synkinesis', BANKS),
    composite(
      'eface',
      'eFACE total',
      names('eface', ''),
      (values) => (eface(values.slice(0, r)) + 2 * eface(values.slice(r, m)) + eface(values.slice(m))) / 4,
      '(static + 2 x dynamic + synkinesis) / 4',
      BANKS,
    ),
    composite(
      'face',
      'FaCE total',
      names('face', ''),
      (values) => (100 * (sum(values) - values.length)) / (4 * values.length),
      '100 x (sum of the items - 15) / 60; 100 is best',
      'Kahn et al. 2001',
    ),
  ];
}

/**
 * Reads a file of scores: a table with the columns `item` and `value`, separated by commas, semicolons or tabs.
 * @param name of the file, for errors
 * @throws FaceMirrorError `USAGE` that names the line: a field that does not exist, twice, or a value outside its range
 */
export function parseScores(text: string, name: string): ClinicalScores {
  const table = parseCsv(text, name);
  const [item, value] = [table.columns.indexOf('item'), table.columns.indexOf('value')];
  if (item < 0 || value < 0)
    throw new FaceMirrorError('USAGE', `${name} lacks the columns item and value; its first line must name them.`, {
      setting: 'scores',
    });
  const scores: Record<string, number> = {};
  for (const { line, cells } of table.rows) {
    const [given = '', cell = ''] = [cells[item], cells[value]];
    if (cell === '') continue;
    const known = SCORE_ITEMS.find((each) => each.name === given.toLowerCase());
    if (known === undefined) throw refused(name, line, unknownItem(given));
    const number = known.scale === 'house_brackmann' ? gradeIn(cell) : numberIn(cell, table.separator);
    if (!(number >= known.least && number <= known.most) || (known.whole && !Number.isInteger(number))) {
      const range = `${known.whole ? 'a whole number ' : ''}from ${known.least} to ${known.most}`;
      throw refused(name, line, `${known.name} is "${cell}"; it must be ${range}`);
    }
    if (Object.hasOwn(scores, known.name)) throw refused(name, line, `${known.name} is there twice`);
    scores[known.name] = number;
  }
  return scores;
}

/** A table of all fields, empty, to be filled in. */
export function scoresTemplate(): string {
  return ['item,value', ...SCORE_ITEMS.map(({ name }) => `${name},`), ''].join('\n');
}

const ROMAN = ['I', 'II', 'III', 'IV', 'V', 'VI'];

function gradeIn(cell: string): number {
  const roman = ROMAN.indexOf(cell.toUpperCase());
  return roman >= 0 ? roman + 1 : numberIn(cell, ',');
}

function unknownItem(given: string): string {
  const scale = SCALES.find((each) => given.toLowerCase().startsWith(each));
  const names = SCORE_ITEMS.filter((each) => scale === undefined || each.scale === scale).map(({ name }) => name);
  const shown = scale === undefined ? `those of ${SCALES.join(', ')}, such as ${names[0] ?? ''}` : names.join(' ');
  return `"${given}" is no field of a score; there are ${shown}`;
}

function refused(name: string, line: number, what: string): FaceMirrorError {
  return new FaceMirrorError('USAGE', `${name}, line ${line}: ${what}.`, { setting: 'scores' });
}
