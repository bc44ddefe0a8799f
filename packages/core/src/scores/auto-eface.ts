import { clamp, mean, median } from '../arithmetic.js';
import type { Side } from '../action-units/units.js';
import type { Examination } from '../examination/examination.js';
import { ratioSides } from '../movements/by-movement.js';
import type { MovementCode } from '../movements/codes.js';
import type { MovementRow } from '../movements/movement.js';

/** One item of the Auto-eFACE. */
export interface AutoEfaceItem {
  readonly name: string;
  readonly group: 'static' | 'dynamic' | 'synkinesis';
  /** The formula in words: `a` the affected side, `h` the healthy one. */
  readonly formula: string;
  /** The numbers that went in, as the formula names them; empty when the item could not be computed. */
  readonly values: readonly (readonly [name: string, value: number])[];
  /** 0 to 100, the whole; null when it could not be computed. */
  readonly score: number | null;
  /** Why there is no score; null when there is one. */
  readonly missing: string | null;
}

/** The Auto-eFACE of an examination. */
export interface AutoEface {
  /** The sides that a and h stand for; left and right where no side is affected. */
  readonly sides: { readonly affected: Side; readonly healthy: Side; readonly isNamed: boolean };
  readonly items: readonly AutoEfaceItem[];
  /** Mean of the items that could be computed; null without any. The published total is the mean of all ten. */
  readonly total: number | null;
  readonly computed: number;
}

/**
 * The Auto-eFACE (Miller, Hadlock, Fortier & Guarin 2021) from the medians of an examination: rest over all movements,
 * peaks over all repeats of a movement. One of its ten items, the angle of the nasolabial fold, landmarks cannot give.
 */
export function autoEface({ rows, movements, affected }: Examination): AutoEface {
  const { over: a, under: h } = ratioSides(affected.side);
  const values = (name: string, side: Side, codes: readonly MovementCode[] | null, of: keyof MovementRow): number =>
    median(
      rows.flatMap((row) => {
        const code = movements[row.movement]?.code;
        const isWanted = row.name === name && row.side === side && code !== undefined;
        const value = isWanted && (codes === null || codes.includes(code)) ? row[of] : null;
        return typeof value === 'number' ? [value] : [];
      }),
    );
  const rest = (name: string, side: Side): number => values(name, side, null, 'rest');
  const peak = (name: string, side: Side, ...codes: MovementCode[]): number => values(name, side, codes, 'peak');
  const change = (name: string, side: Side, ...codes: MovementCode[]): number => values(name, side, codes, 'change');
  const has = (...codes: MovementCode[]): boolean => movements.some(({ code }) => codes.includes(code));
  const smile: MovementCode = has('BS') ? 'BS' : 'SS';

  const corner = (side: Side): { readonly rise: number; readonly width: number } => {
    const angle = ((rest('smile_angle', side) - 90) * Math.PI) / 180;
    const length = rest('commissure_excursion', side);
    return { rise: Math.sin(angle) * length, width: Math.cos(angle) * length };
  };
  const [ca, ch] = [corner(a), corner(h)];
  const droops = ca.rise > 0 && ca.rise < ch.rise;

  const items: AutoEfaceItem[] = [
    item('static', 'Brow at rest', '100 - |100 - 100 BH_a / BH_h|, BH: brow height at rest', {
      BH_a: rest('brow_height', a),
      BH_h: rest('brow_height', h),
      of: ({ BH_a = NaN, BH_h = NaN }) => balance((100 * BH_a) / BH_h),
    }),
    item('static', 'Palpebral fissure at rest', '100 - |100 - 100 PF_h / PF_a|, PF: opening at rest', {
      PF_a: rest('palpebral_fissure', a),
      PF_h: rest('palpebral_fissure', h),
      of: ({ PF_a = NaN, PF_h = NaN }) => balance((100 * PF_h) / PF_a),
    }),
    item(
      'static',
      'Oral commissure at rest',
      droops
        ? '100 - |100 - 100 CR_a / CR_h|, CR: rise of the corner over the lower lip at rest'
        : '100 - |100 - 100 CW_a / CW_h|, CW: corner sideways from the lower lip at rest',
      droops
        ? { CR_a: ca.rise, CR_h: ch.rise, of: ({ CR_a = NaN, CR_h = NaN }) => balance((100 * CR_a) / CR_h) }
        : { CW_a: ca.width, CW_h: ch.width, of: ({ CW_a = NaN, CW_h = NaN }) => balance((100 * CW_a) / CW_h) },
    ),
    {
      group: 'static',
      name: 'Nasolabial fold at rest',
      formula: '100 NLF_a / NLF_h, NLF: angle of the fold',
      values: [],
      score: null,
      missing: 'the fold is not among the landmarks',
    },
    item('dynamic', 'Brow elevation', '100 dBH_a / dBH_h in RE', {
      dBH_a: change('brow_height', a, 'RE'),
      dBH_h: change('brow_height', h, 'RE'),
      of: ({ dBH_a = NaN, dBH_h = NaN }) => (100 * dBH_a) / dBH_h,
    }),
    ...(['ES', 'ET'] as const).map((code) =>
      item(
        'dynamic',
        code === 'ES' ? 'Gentle eye closure' : 'Full eye closure',
        `100 (PF_rest - PF_closed) / PF_rest on a, in ${code}`,
        {
          PF_rest: rest('palpebral_fissure', a),
          PF_closed: peak('palpebral_fissure', a, code),
          of: ({ PF_rest = NaN, PF_closed = NaN }) => (100 * (PF_rest - PF_closed)) / PF_rest,
        },
      ),
    ),
    item('dynamic', 'Smile', `100 dCE_a / dCE_h in ${smile}, CE: commissure excursion`, {
      dCE_a: change('commissure_excursion', a, smile),
      dCE_h: change('commissure_excursion', h, smile),
      of: ({ dCE_a = NaN, dCE_h = NaN }) => (100 * dCE_a) / dCE_h,
    }),
    item('dynamic', 'Lower lip', '100 LL_a / LL_h in SE, LL: border of the lower lip below the eye line', {
      LL_a: -peak('lower_lip_height', a, 'SE'),
      LL_h: -peak('lower_lip_height', h, 'SE'),
      of: ({ LL_a = NaN, LL_h = NaN }) => (100 * LL_a) / LL_h,
    }),
    item('synkinesis', 'Ocular synkinesis', `100 min(PF_a / PF_h) in ${smile} and PL`, {
      ...(has(smile) && {
        smile: peak('palpebral_fissure', a, smile) / peak('palpebral_fissure', h, smile),
      }),
      ...(has('PL') && { pucker: peak('palpebral_fissure', a, 'PL') / peak('palpebral_fissure', h, 'PL') }),
      of: (given) => 100 * Math.min(...Object.values(given)),
    }),
  ];
  const scores = items.flatMap(({ score }) => score ?? []);
  return {
    sides: { affected: a, healthy: h, isNamed: affected.side !== 'none' },
    items,
    total: scores.length === 0 ? null : mean(scores),
    computed: scores.length,
  };
}

/** How near a percentage is to 100, of either side of it. */
function balance(percent: number): number {
  return 100 - Math.abs(100 - clamp(percent, 0, 200));
}

type Numbers = Readonly<Record<string, number>>;

function item(
  group: AutoEfaceItem['group'],
  name: string,
  formula: string,
  { of, ...given }: { readonly of: (values: Numbers) => number } & Readonly<Record<string, unknown>>,
): AutoEfaceItem {
  const numbers = Object.entries(given).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const isKnown = numbers.length > 0 && numbers.every(([, value]) => Number.isFinite(value));
  const score = isKnown ? of(Object.fromEntries(numbers)) : NaN;
  return Number.isFinite(score)
    ? { group, name, formula, values: numbers, score: clamp(score, 0, 100), missing: null }
    : { group, name, formula, values: [], score: null, missing: 'the movement was not made, or not measured' };
}
