import type { Examination } from '../examination/examination.js';
import type { ClinicalScores } from '../scores/clinical-scores.js';
import { curveCharts, curveLegend } from './curve-chart.js';
import { escapeHtml, factsHtml, pageHtml, paragraph, sectionHtml } from './html.js';
import { movementSections } from './movement-cards.js';
import { overviewChart } from './overview.js';
import type { FramePicture } from './pictures.js';
import { autoEfaceSection, clinicalScoresSection } from './score-sections.js';
import { blinkSection, codesNote, qualitySection, synkinesisSection } from './sections.js';
import { REPORT_STYLE } from './style.js';
import { INTENDED_USE, NONE, numberText, sideText, timeText } from './wording.js';

/** What a report needs of a run's record. */
export interface ReportRecord {
  readonly program: { readonly version: string };
  readonly finishedAt: string;
  readonly input: {
    readonly file: string;
    readonly sha256: string;
    readonly frameRate?: number | null;
    readonly durationSeconds?: number | null;
  };
  readonly settings: Readonly<Record<string, unknown>> | object;
  readonly suite: { readonly title: string };
  readonly output: { readonly width: number; readonly height: number };
  readonly frames: { readonly read: number; readonly withFace: number };
  readonly tables: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Everything that an examination report is made of. */
export interface ExaminationReportInput {
  readonly record: ReportRecord;
  readonly examination: Examination;
  /** By frame number, counted from 1; see `wantedPictures`. What is missing leaves its place empty. */
  readonly pictures: ReadonlyMap<number, FramePicture>;
  /** Pseudonym of the patient and name of the visit; null when not given. */
  readonly subject: string | null;
  readonly visit: string | null;
  readonly scores: ClinicalScores | null;
  /** Sentences on what the report lacks, such as pictures of a video that is not there any more. */
  readonly notes: readonly string[];
}

/**
 * The examination report: one page that needs nothing else, for screen and A4. The same input gives the same bytes
 * everywhere.
 */
export function examinationReport(input: ExaminationReportInput): string {
  const { record, examination, pictures, subject, visit, scores, notes } = input;
  const title = [subject ?? record.input.file, visit].filter((part) => part !== null).join(' · ');
  const content = [
    header(input, title),
    notes.length === 0 ? '' : sectionHtml('Notes', notes.map((note) => paragraph(note)).join('')),
    sectionHtml(
      'How far each side moved',
      (overviewChart(examination) || paragraph('No movement was found.')) +
        paragraph(
          'Bars: median of the repeats; dots: each repeat. The patient’s right is on the left, as one sees the ' +
            'patient. Each row has its own scale.',
          'note',
        ),
    ),
    qualitySection(examination),
    sectionHtml(
      'Curves of both sides',
      curveLegend(examination) +
        `${curveCharts(examination) || paragraph('The video is too short for curves.')}${codesNote()}`,
    ),
    movementSections(examination, pictures),
    synkinesisSection(examination),
    blinkSection(examination),
    autoEfaceSection(examination),
    clinicalScoresSection(scores),
    provenance(record, examination),
    `<footer>${escapeHtml(INTENDED_USE)} Face Mirror ${escapeHtml(record.program.version)}.</footer>\n`,
  ];
  return pageHtml(`Facial examination: ${title}`, REPORT_STYLE, content.join(''));
}

function header({ record, examination, subject, visit }: ExaminationReportInput, title: string): string {
  const { affected, movements, blinks, quality } = examination;
  const { input, frames } = record;
  const side =
    affected.side === 'none'
      ? affected.isGuess
        ? 'none found (a guess)'
        : 'none'
      : `${affected.side}${affected.isGuess ? ' (a guess)' : ''}`;
  const proposed = movements.filter(({ source }) => source === 'proposed').length;
  const facts = factsHtml([
    ['Subject', subject === null ? NONE : escapeHtml(subject)],
    ['Visit', visit === null ? NONE : escapeHtml(visit)],
    ['Video', escapeHtml(input.file)],
    ['Processed', escapeHtml(record.finishedAt.slice(0, 10))],
    ['Affected side', side],
    [
      'Movements',
      `${movements.length}` +
        (proposed === movements.length ? ' (proposed)' : proposed === 0 ? '' : ` (${proposed} proposed)`),
    ],
    ['Frames used', `${quality.framesUsable} of ${quality.frames}`],
    ['Blinks a minute', numberText(blinks.perMinute, 1)],
    ['Length', input.durationSeconds == null ? NONE : timeText(input.durationSeconds)],
    ['Frames a second', input.frameRate == null ? NONE : numberText(input.frameRate, 1)],
    ['Face seen in', `${frames.withFace} of ${frames.read} frames`],
    ['Lengths in', examination.unit === 'mm' ? 'mm (by an iris of 11.7 mm)' : 'IOD: distances between the eyes'],
  ]);
  const guess =
    affected.isGuess && affected.side !== 'none'
      ? paragraph(
          'The program guessed the affected side: over all movements the ' +
            `${sideText(affected.side, { ...affected, side: 'none' })} side moved ` +
            `${numberText(100 * (affected.evidence ?? NaN), 0)} % of the other. Name it with --affected.`,
          'note',
        )
      : '';
  return (
    '<header><p class="kind">Facial examination' +
    `</p><h1>${escapeHtml(title)}</h1><p class="sub">Left and right are the patient’s.` +
    `</p><p class="use">${escapeHtml(INTENDED_USE)}` +
    `</p></header>\n<section>${facts}${guess}</section>\n`
  );
}

function provenance(record: ReportRecord, { definitionsVersion }: Examination): string {
  const settings = Object.entries(record.settings)
    .filter(([name, value]) => value !== null && !['subject', 'visit', 'scores'].includes(name))
    .map(([name, value]) => `${name} ${inWords(value)}`)
    .join(' · ');
  const neutral = record.tables['neutral'];
  const facts = factsHtml([
    ['Suite', escapeHtml(record.suite.title)],
    ['Program', `Face Mirror ${escapeHtml(record.program.version)}`],
    ['Definitions', `version ${definitionsVersion}`],
    ['Pictures', `${record.output.width} x ${record.output.height} pixels`],
    ['Rest is taken from', neutralText(neutral)],
    ['SHA-256 of the video', `<span class="formula">${escapeHtml(record.input.sha256)}</span>`],
  ]);
  const warnings = record.warnings.map((warning) => `<li>${escapeHtml(warning.replaceAll('`', ''))}</li>`).join('');
  return sectionHtml(
    'How these numbers came about',
    `${facts}<p class="note">Settings: ${escapeHtml(settings)}.` +
      `</p>${warnings === '' ? '' : `<ul class="note">${warnings}</ul>`}` +
      '<p class="note">Action units are estimates on a scale of 0 to 5 against the patient’s own rest,' +
      ' not codes by a certified coder. Each measure is defined in Face Mirror’s documents (examination.md),' +
      ' with its known errors (accuracy.md).</p>',
  );
}

function neutralText(neutral: unknown): string {
  if (typeof neutral !== 'object' || neutral === null) return NONE;
  const { startSeconds: start, endSeconds: end, chosen } = neutral as Readonly<Record<string, unknown>>;
  if (typeof start !== 'number' || typeof end !== 'number') return NONE;
  return `${timeText(start)}–${timeText(end)}, ${escapeHtml(String(chosen))}`;
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object' && value !== null) {
    if ('kind' in value && value.kind === 'window') {
      const { start, end } = value as { start?: unknown; end?: unknown };
      return `${String(start)}-${String(end)} s`;
    }
    return 'kind' in value ? String(value.kind).replaceAll('-', ' ') : 'file' in value ? String(value.file) : '';
  }
  return String(value);
}
