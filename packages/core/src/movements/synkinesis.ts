import { mean, median } from '../arithmetic.js';
import { ACTION_UNITS, SIDES, type ActionUnit, type Side } from '../action-units/units.js';
import type { ExamCurves } from './exam-curves.js';
import { ratioSides, RATIO_NOISES } from './by-movement.js';
import { MOVEMENT_CODES, MOVEMENT_KINDS, type MovementCode } from './codes.js';
import type { MovementFrames } from './movement-frames.js';
import type {
  Movement,
  MovementRow,
  PublishedRange,
  SynkinesisCell,
  SynkinesisResult,
  SynkinesisRow,
} from './movement.js';

const MOUTH: readonly MovementCode[] = ['SS', 'BS', 'SO', 'PL'];
const EYES: readonly MovementCode[] = ['ES', 'ET'];
const SMILES: readonly MovementCode[] = ['SS', 'BS'];

/** Normal smiling narrows the eye, too: the ranges are shown beside the numbers, and nothing is concluded from them. */
const SMILE_RANGE: PublishedRange = {
  text: 'smile: normal 21.6 +- 13.4 %, with synkinesis 32.7 +- 13.7 %',
  source: 'doi 10.1002/lary.23778',
};
const PUCKER_RANGE: PublishedRange = {
  text: 'pucker: controls 1.7 %; patients 30.0 % on the affected and 21.6 % on the healthy side',
  source: 'Renne 2025',
};
const CLOSURE_RANGE: PublishedRange = {
  text: 'patients: commissure travel of about 3.9 mm while closing the eyes, 4.7 mm in a smile (0.83)',
  source: 'Maximal Static Response study',
};
const NO_RANGE: PublishedRange = { text: '', source: '' };

/** Trigger and response on the same side: units that a movement is made of, and those that answer in synkinesis. */
const KNOWN_PAIRS: readonly (readonly [triggers: readonly ActionUnit[], responses: readonly ActionUnit[]])[] = [
  [
    ['AU01', 'AU02', 'AU45'],
    ['AU12', 'AU25', 'AU14'],
  ],
  [
    ['AU12', 'AU25'],
    ['AU06', 'AU45'],
  ],
  [['AU12'], ['AU10', 'AU14', 'AU15']],
  [['AU12', 'AU15'], ['AU17']],
];

/**
 * Units that move with another by themselves, in anybody's face: not among those that should rest. A smile raises the
 * cheek and lip; lips part when the jaw drops.
 */
const COMPANIONS: Readonly<Partial<Record<MovementCode, readonly ActionUnit[]>>> = {
  ES: ['AU07'],
  SS: ['AU06', 'AU07', 'AU10', 'AU14', 'AU25'],
  BS: ['AU06', 'AU10', 'AU14', 'AU26', 'AU20'],
  SO: ['AU16', 'AU15', 'AU17'],
  SE: ['AU12', 'AU14', 'AU16', 'AU26', 'AU10'],
  FR: ['AU07', 'AU09'],
  WN: ['AU04', 'AU10', 'AU06', 'AU07', 'AU25'],
  PL: ['AU23', 'AU25', 'AU15', 'AU16'],
  LT: ['AU16', 'AU17', 'AU20', 'AU25', 'AU26'],
};

/** Measures involuntary movement that comes with a voluntary one. */
export function synkinesisOf(
  curves: ExamCurves,
  movements: readonly Movement[],
  frames: readonly MovementFrames[],
  rows: readonly MovementRow[],
  affected: Side | 'none',
): SynkinesisResult {
  const { over, under } = ratioSides(affected);
  const smile = smileTravel(curves, movements, frames);
  const found: SynkinesisRow[] = movements.flatMap((movement, place): SynkinesisRow[] => {
    const own = frames[place];
    if (own === undefined) return [];
    const row = (kind: SynkinesisRow['kind'], of: (side: Side) => Value, published: PublishedRange): SynkinesisRow => {
      const [left, right] = [of('left'), of('right')];
      const values = { left: left.value, right: right.value };
      const [a, h] = [values[over], values[under]];
      const noises = [left.noise, right.noise].filter((noise) => noise !== null);
      return {
        kind,
        movement: place,
        code: movement.code,
        ...values,
        difference: a === null || h === null ? null : a - h,
        noise: noises.length === 0 ? null : Math.max(...noises),
        published,
      };
    };
    if (MOUTH.includes(movement.code)) {
      const range = SMILES.includes(movement.code) ? SMILE_RANGE : movement.code === 'PL' ? PUCKER_RANGE : NO_RANGE;
      return [row('oral-ocular', (side) => fissureLost(rows, place, side), range)];
    }
    if (EYES.includes(movement.code))
      return [row('ocular-oral', (side) => over1(travel(curves, side, own), smile[side]), CLOSURE_RANGE)];
    return [];
  });
  return { rows: found, matrix: matrixOf(movements, rows) };
}

interface Value {
  readonly value: number | null;
  readonly noise: number | null;
}

/** Palpebral fissure lost, in % of rest. */
function fissureLost(rows: readonly MovementRow[], place: number, side: Side): Value {
  const row = rows.find((each) => each.movement === place && each.side === side && each.name === 'palpebral_fissure');
  const { rest = null, change = null, restNoise = null } = row ?? {};
  if (rest === null || change === null || !(rest > 0)) return { value: null, noise: null };
  return { value: (-100 * change) / rest, noise: restNoise === null ? null : (100 * RATIO_NOISES * restNoise) / rest };
}

/** How far the corner of the mouth is from its rest, and the noise of that, in inter-ocular distances. */
function travel(curves: ExamCurves, side: Side, { rest, held }: Pick<MovementFrames, 'rest' | 'held'>): Value {
  const { cornerHeight, cornerDistance } = curves[side].features;
  const axes = [cornerHeight, cornerDistance].map((values) => {
    const resting = rest.map((i) => values[i] ?? NaN);
    const middle = median(resting);
    return {
      change: median(held.map((i) => values[i] ?? NaN)) - middle,
      noise: 1.4826 * median(resting.map((value) => Math.abs(value - middle))),
    };
  });
  const value = Math.hypot(...axes.map(({ change }) => change));
  const noise = RATIO_NOISES * Math.hypot(...axes.map((axis) => axis.noise));
  return Number.isFinite(value) ? { value, noise } : { value: null, noise: null };
}

/** The mean travel of a side's smiles, in inter-ocular distances; null without a smile that is more than noise. */
function smileTravel(
  curves: ExamCurves,
  movements: readonly Movement[],
  frames: readonly MovementFrames[],
): Readonly<Record<Side, number | null>> {
  const of = (side: Side): number | null => {
    const travels = movements.flatMap(({ code }, place) => {
      const own = frames[place];
      if (own === undefined || !SMILES.includes(code)) return [];
      const { value, noise } = travel(curves, side, own);
      return value === null || noise === null || value < noise ? [] : [value];
    });
    return travels.length === 0 ? null : mean(travels);
  };
  return { left: of('left'), right: of('right') };
}

function over1({ value, noise }: Value, whole: number | null): Value {
  if (value === null || whole === null) return { value: null, noise: null };
  return { value: value / whole, noise: noise === null ? null : noise / whole };
}

function matrixOf(movements: readonly Movement[], rows: readonly MovementRow[]): SynkinesisCell[] {
  const codes = MOVEMENT_CODES.filter((code) => code !== 'BL' && movements.some((movement) => movement.code === code));
  return codes.flatMap((code) => {
    const own: readonly ActionUnit[] = MOVEMENT_KINDS[code].units;
    const resting = ACTION_UNITS.filter((unit) => !own.includes(unit) && !(COMPANIONS[code] ?? []).includes(unit));
    return resting.flatMap((unit) =>
      SIDES.map((side): SynkinesisCell => {
        const changes = rows.flatMap((row) =>
          row.name === unit && row.side === side && movements[row.movement]?.code === code ? (row.change ?? []) : [],
        );
        const change = median(changes);
        return {
          code,
          unit,
          side,
          change: Number.isNaN(change) ? null : change,
          isKnownPair: KNOWN_PAIRS.some(
            ([triggers, responses]) => responses.includes(unit) && triggers.some((trigger) => own.includes(trigger)),
          ),
        };
      }),
    );
  });
}

/** The text of a synkinesis table, line by line; a value that cannot be measured is an empty cell. */
export function* synkinesisTable(
  movements: readonly Movement[],
  { rows, matrix }: SynkinesisResult,
): Generator<string> {
  yield 'kind,movement,start,code,unit,left,right,difference,noise,known_pair,published,source\n';
  for (const row of rows) {
    const numbers = [row.left, row.right, row.difference, row.noise].map((value) => value?.toFixed(3) ?? '');
    yield `${[
      row.kind,
      row.movement + 1,
      movements[row.movement]?.start.toFixed(3) ?? '',
      row.code,
      row.kind === 'oral-ocular' ? '%' : 'ratio',
      ...numbers,
      '',
      row.published.text.replaceAll(',', ';'),
      row.published.source,
    ].join(',')}\n`;
  }
  for (const cell of matrix) {
    if (cell.side !== 'left') continue;
    const right = matrix.find((each) => each.side === 'right' && each.code === cell.code && each.unit === cell.unit);
    const values = [cell.change, right?.change ?? null].map((value) => value?.toFixed(3) ?? '');
    yield `matrix,,,${cell.code},${cell.unit},${values.join(',')},,,${cell.isKnownPair ? 1 : 0},,\n`;
  }
}
