import type { Examination } from '../examination/examination.js';
import { autoEface } from '../scores/auto-eface.js';
import { composites, SCALES, SCORE_ITEMS, type ClinicalScores, type Scale } from '../scores/clinical-scores.js';
import { escapeHtml, number, paragraph, sectionHtml, tableHtml, words } from './html.js';
import { NONE, numberText } from './wording.js';

/** The Auto-eFACE's items, each with its formula and the numbers in it. */
export function autoEfaceSection(examination: Examination): string {
  const { items, total, computed, sides } = autoEface(examination);
  const rows = items.map(({ name, group, formula, values, score, missing }) => [
    escapeHtml(name),
    group,
    `<span class="formula">${escapeHtml(formula)}</span>`,
    missing === null
      ? `<span class="formula">${values.map(([key, value]) => `${key} ${numberText(value, 3)}`).join('; ')}</span>`
      : `<span class="note">${escapeHtml(missing)}</span>`,
    score === null ? NONE : `<b>${numberText(score, 1)}</b>`,
  ]);
  const which = sides.isNamed
    ? `a is the affected side (${sides.affected}), h the healthy one (${sides.healthy}).`
    : 'No side is affected: a stands for left, h for right.';
  const sum = paragraph(
    total === null
      ? 'No item could be computed.'
      : `Mean of ${computed} of the 10 items: ${total.toFixed(1)}. The published total is the mean of all ten.`,
  );
  return sectionHtml(
    'Auto-eFACE items',
    paragraph(`${which} 100 is even. Formulas: Miller et al. 2021.`, 'note') +
      tableHtml([words('item'), words('kind'), words('formula'), words('numbers'), number('score')], rows) +
      sum,
  );
}

const TITLES: Readonly<Record<Scale, string>> = {
  sunnybrook: 'Sunnybrook Facial Grading System (clinician)',
  house_brackmann: 'House-Brackmann (clinician)',
  eface: 'eFACE (clinician)',
  face: 'FaCE Scale (patient)',
};

/** Scores that persons give: what was filled in, or empty fields for the pen. */
export function clinicalScoresSection(scores: ClinicalScores | null): string {
  const given = scores ?? {};
  const parts = SCALES.map((scale) => {
    const fields = SCORE_ITEMS.filter((item) => item.scale === scale).map(({ name, label, least, most }) => {
      const value = given[name];
      const shown =
        value === undefined
          ? '<span class="blank"></span>'
          : `<b>${numberText(value, Number.isInteger(value) ? 0 : 1)}</b>`;
      return `<li><span>${escapeHtml(label)} <span class="note">${least}–${most}</span></span>${shown}</li>`;
    });
    return `<h3>${escapeHtml(TITLES[scale])}</h3><ul class="scores">${fields.join('')}</ul>`;
  });
  const rows = composites(given).map(({ label, value, formula, source, given: count, needed }) => [
    escapeHtml(label),
    value === null
      ? `<span class="note">${count === 0 ? 'not filled in' : `${count} of ${needed} fields`}</span>`
      : numberText(value, Number.isInteger(value) ? 0 : 1),
    `<span class="formula">${escapeHtml(formula)}</span>`,
    escapeHtml(source),
  ]);
  const intro = paragraph(
    'A person gives these; the program only adds them up. Fill them in with --scores FILE, or by hand on the print.',
    'note',
  );
  const sums = tableHtml([words('score'), words('value'), words('formula'), words('source')], rows, 'composites');
  const forms = `<details${scores === null ? '' : ' open'}><summary>All fields</summary>${parts.join('')}</details>`;
  return sectionHtml('Scores given by the clinician and the patient', intro + sums + forms);
}
