import { median } from '../arithmetic.js';
import { ACTION_UNITS, type Side } from '../action-units/units.js';
import { MEASURES, isSided } from '../action-units/measures.js';
import { FaceMirrorError } from '../errors.js';
import { isMovementCode, type MovementCode } from '../movements/codes.js';
import { escapeHtml, number, pageHtml, paragraph, sectionHtml, tableHtml, words } from '../report/html.js';
import { REPORT_STYLE } from '../report/style.js';
import { INTENDED_USE, nameText, numberText, signed } from '../report/wording.js';
import { numberIn, parseCsv } from '../tables/csv.js';
import { blandAltman, icc21, kappaOfPairs, type LimitsOfAgreement } from './agreement.js';
import type { CohortVisit } from './cohort.js';

/** One value of an expert's. */
interface ExpertValue {
  readonly subject: string;
  readonly visit: string;
  readonly code: MovementCode;
  readonly name: string;
  readonly side: Side;
  readonly value: number;
}

/** How far the program and the expert agree in one quantity. */
export interface Agreement {
  readonly name: string;
  /** Program's and expert's value. */
  readonly pairs: readonly (readonly [program: number, expert: number])[];
  readonly icc: number;
  /** Quadratic weights, the program's values rounded; null where the expert's are no whole numbers. */
  readonly kappa: number | null;
  readonly limits: LimitsOfAgreement;
}

/**
 * Reads an expert's values: a table with the columns subject, visit, code, name, side and value. `name` is a measure
 * (its change is compared) or an action unit (its peak is compared).
 * @throws FaceMirrorError USAGE that names the line
 */
export function parseExpert(text: string, file: string): readonly ExpertValue[] {
  const table = parseCsv(text, file);
  const needed = ['subject', 'visit', 'code', 'name', 'side', 'value'];
  const missing = needed.filter((name) => !table.columns.includes(name));
  if (missing.length > 0)
    throw new FaceMirrorError(
      'USAGE',
      `${file} lacks the columns ${missing.join(', ')}; its first line must name them.`,
    );
  const known: readonly string[] = [...MEASURES.filter(isSided).map(({ name }) => name), ...ACTION_UNITS];
  return table.rows.map(({ line, cells }) => {
    const cell = (name: string): string => cells[table.columns.indexOf(name)] ?? '';
    const refuse = (what: string): FaceMirrorError => new FaceMirrorError('USAGE', `${file}, line ${line}: ${what}.`);
    const code = cell('code').toUpperCase();
    const side = cell('side').toLowerCase();
    const name = known.find((each) => each.toLowerCase() === cell('name').toLowerCase());
    const value = numberIn(cell('value'), table.separator);
    if (!isMovementCode(code)) throw refuse(`"${cell('code')}" is no movement's code`);
    if (side !== 'left' && side !== 'right') throw refuse(`side is "${cell('side')}"; it must be left or right`);
    if (name === undefined) throw refuse(`"${cell('name')}" is no measure and no action unit`);
    if (!Number.isFinite(value)) throw refuse(`value is "${cell('value')}", which is no number`);
    return { subject: cell('subject'), visit: cell('visit'), code, name, side, value };
  });
}

/** The agreement of program and expert, a quantity after another; of several repeats the median counts. */
export function agreementWith(visits: readonly CohortVisit[], expert: readonly ExpertValue[]): readonly Agreement[] {
  const names = [...new Set(expert.map(({ name }) => name))];
  return names.map((name) => {
    const isUnit = (ACTION_UNITS as readonly string[]).includes(name);
    const pairs = expert.flatMap((each): (readonly [number, number])[] => {
      if (each.name !== name) return [];
      const found = visits.find(({ subject, visit }) => subject === each.subject && visit === each.visit);
      const { rows, movements } = found?.examination ?? { rows: [], movements: [] };
      const own = rows.filter(
        (row) => row.name === name && row.side === each.side && movements[row.movement]?.code === each.code,
      );
      const value = median(own.flatMap((row) => row[isUnit ? 'peak' : 'change'] ?? []));
      return Number.isNaN(value) ? [] : [[value, each.value]];
    });
    const isGraded = pairs.length > 0 && pairs.every(([, value]) => Number.isInteger(value));
    return {
      name,
      pairs,
      icc: icc21(pairs),
      kappa: isGraded
        ? kappaOfPairs(
            pairs.map(([a, b]) => [Math.round(a), b] as const),
            'quadratic',
          )
        : null,
      limits: blandAltman(pairs),
    };
  });
}

/** The agreement as one page, with a Bland-Altman plot for each quantity. */
export function agreementPage(agreements: readonly Agreement[]): string {
  const rows = agreements.map(({ name, pairs, icc, kappa, limits }) => [
    escapeHtml(nameText(name)),
    String(pairs.length),
    numberText(icc, 3),
    numberText(kappa, 3),
    signed(limits.bias, 3),
    `${signed(limits.lower, 3)} to ${signed(limits.upper, 3)}`,
  ]);
  const columns = [
    words('what'),
    number('pairs'),
    number('ICC(2,1)'),
    number('weighted kappa'),
    number('bias'),
    number('limits of agreement'),
  ];
  const plots = agreements.map((each) => `<h3>${escapeHtml(nameText(each.name))}</h3>${plot(each)}`);
  const note =
    'ICC(2,1): Shrout & Fleiss 1979. Weighted kappa: Cohen 1968, quadratic weights. Bias is program less expert; ' +
    'limits are bias -/+ 1.96 standard deviations (Bland & Altman 1986).';
  return pageHtml(
    'Agreement with an expert',
    REPORT_STYLE,
    '<header><p class="kind">Cohort</p><h1>Agreement with an expert</h1>' +
      `<p class="use">${escapeHtml(INTENDED_USE)}</p></header>` +
      sectionHtml('Figures', tableHtml(columns, rows) + paragraph(note, 'note')) +
      sectionHtml('Bland-Altman plots', plots.join('')),
  );
}

const WIDTH = 640;
const HEIGHT = 260;
const LEFT = 60;

function plot({ pairs, limits }: Agreement): string {
  if (pairs.length < 2) return paragraph('Too few pairs for a plot.', 'note');
  const means = pairs.map(([a, b]) => (a + b) / 2);
  const differences = pairs.map(([a, b]) => a - b);
  const [x0, x1] = [Math.min(...means), Math.max(...means)];
  const [y0, y1] = [Math.min(limits.lower, ...differences), Math.max(limits.upper, ...differences)];
  const x = (value: number): string => (LEFT + 10 + ((value - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - 90)).toFixed(1);
  const y = (value: number): string => (15 + ((y1 - value) / (y1 - y0 || 1)) * (HEIGHT - 55)).toFixed(1);
  const lines = (
    [
      ['bias', limits.bias],
      ['+1.96 SD', limits.upper],
      ['-1.96 SD', limits.lower],
    ] as const
  ).map(
    ([name, value]) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - 70}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text x="${WIDTH - 66}" y="${y(value)}">${name}</text>` +
      `<text x="${LEFT - 6}" y="${y(value)}" text-anchor="end">${value.toFixed(2)}</text>`,
  );
  const dots = pairs.map(
    (_, i) => `<circle class="dot" cx="${x(means[i] ?? 0)}" cy="${y(differences[i] ?? 0)}" r="3"/>`,
  );
  const range = `mean of program and expert: ${x0.toFixed(2)} to ${x1.toFixed(2)}`;
  const axis = `<text x="${LEFT}" y="${HEIGHT - 6}">${range}</text>`;
  const label = `Differences of ${pairs.length} pairs against their means: bias ${limits.bias.toFixed(2)}`;
  return (
    `<div class="chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" style="max-width:${WIDTH}px" role="img" ` +
    `aria-label="${escapeHtml(label)}">${lines.join('')}${dots.join('')}${axis}</svg></div>`
  );
}

/** The figures of an agreement as a table, line by line. */
export function* agreementTable(agreements: readonly Agreement[]): Generator<string> {
  yield 'name,pairs,icc_2_1,weighted_kappa,bias,sd,lower_limit,upper_limit\n';
  const cell = (value: number | null): string => (value === null || Number.isNaN(value) ? '' : value.toFixed(4));
  for (const { name, pairs, icc, kappa, limits } of agreements) {
    const { bias, deviation, lower, upper } = limits;
    const cells = [icc, kappa, bias, deviation, lower, upper].map(cell);
    yield `${[name, pairs.length, ...cells].join(',')}\n`;
  }
}
