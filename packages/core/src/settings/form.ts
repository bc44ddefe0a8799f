import { parseNeutralWindow, type NeutralChoice } from '../action-units/neutral-window.js';
import { FaceMirrorError } from '../errors.js';
import { checkMovements } from '../movements/movements-file.js';
import { parseScores } from '../scores/clinical-scores.js';

/** What a setting takes, as data: the command line's flags, forms and documents derive from it. */
export type Form =
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Some of the choices, at least one; as text with commas between them. */
  | { readonly kind: 'list'; readonly choices: readonly string[] }
  | { readonly kind: 'switch' }
  /** A number from `least` to `most`, both included, or one of `words` in its place; null where the default is null. */
  | {
      readonly kind: 'number';
      readonly whole: boolean;
      readonly least: number;
      readonly most: number;
      readonly words: readonly string[];
    }
  /** A path, or null. */
  | { readonly kind: 'path'; readonly to: 'file' | 'folder' }
  /** A stretch of the video, in seconds; as text `0:02-0:04`. */
  | { readonly kind: 'stretch' }
  /** A few words on one line, or null. */
  | { readonly kind: 'text'; readonly longest: number }
  /** The text of a file of movements (see `parseMovements`) or of scores (see `parseScores`), or null. */
  | { readonly kind: 'table'; readonly of: 'movements' | 'scores' };

/** A file of the user's, as it was read. */
export interface TableText {
  /** Its name, for errors. */
  readonly file: string;
  readonly text: string;
}

/** One setting. */
export interface Setting {
  readonly form: Form;
  /** The value of a setting that is left out. */
  readonly default: string | number | boolean | null | NeutralChoice | readonly string[];
  /** What the value is counted in; null where it is no quantity. */
  readonly unit: string | null;
  /** One sentence, without its full stop. */
  readonly about: string;
  /** What the default is, in words, where the value itself does not tell. */
  readonly defaultAbout?: string;
  /** Of a switch that is on by default: what switching it off does. */
  readonly aboutOff?: string;
  /** Whether the tables and videos depend on it. */
  readonly changesResults: boolean;
}

type OrNull<S extends Setting> = S['default'] extends null ? null : never;

/** The type of a setting's value. */
export type ValueOf<S extends Setting> = S['form'] extends { readonly choices: readonly (infer Choice)[] }
  ? S['form']['kind'] extends 'list'
    ? readonly Choice[]
    : Choice
  : S['form'] extends { readonly kind: 'number'; readonly words: readonly (infer Word)[] }
    ? number | Word | OrNull<S>
    : S['form'] extends { readonly kind: 'switch' }
      ? boolean
      : S['form'] extends { readonly kind: 'path' }
        ? string | null
        : S['form'] extends { readonly kind: 'table' }
          ? TableText | null
          : S['form'] extends { readonly kind: 'text' }
            ? string | null
            : NeutralChoice;

/**
 * Checks a value as a program gives it.
 * @param name the setting's, for the error.
 * @throws FaceMirrorError USAGE, with the setting's name, when it does not fit.
 */
export function checkedValue(name: string, { form, default: usual }: Setting, value: unknown): unknown {
  if (value === null && usual === null) return null;
  switch (form.kind) {
    case 'choice':
      if (typeof value === 'string' && form.choices.includes(value)) return value;
      break;
    case 'list':
      if (Array.isArray(value) && value.length > 0 && value.every((each) => form.choices.includes(each as string)))
        // In the usual order and each once, so that equal lists are equal settings.
        return form.choices.filter((choice) => value.includes(choice));
      break;
    case 'switch':
      if (typeof value === 'boolean') return value;
      break;
    case 'number':
      if (typeof value === 'string' && form.words.includes(value)) return value;
      if (typeof value === 'number' && value >= form.least && value <= form.most)
        if (!form.whole || Number.isSafeInteger(value)) return value;
      break;
    case 'path':
      if (typeof value === 'string' && value !== '') return value;
      break;
    case 'text':
      // eslint-disable-next-line no-control-regex
      if (typeof value === 'string' && value.trim() !== '' && !/[\u0000-\u001f\u007f]/.test(value))
        if (value.length <= form.longest) return value.trim();
      break;
    case 'table':
      if (isTableText(value)) {
        checkTable(form.of, value);
        return value;
      }
      break;
    case 'stretch':
      if (typeof value === 'string') return parseNeutralWindow(value);
      if (isStretch(value)) return value;
      break;
  }
  throw misfit(name, form, value);
}

/**
 * Reads a value as a user writes it: in a flag, or in a form's field; of a table the text of the file itself. `-0`,
 * `1e3` and `0x10` are no whole numbers: they are slips more often than they are meant.
 * @throws FaceMirrorError USAGE, with the setting's name, when it does not fit.
 */
export function valueFromText(name: string, setting: Setting, text: string): unknown {
  const { form } = setting;
  const given = text.trim();
  switch (form.kind) {
    case 'number':
      if (form.words.includes(given)) return given;
      if (given === '' || (form.whole && !/^\d+$/.test(given))) throw misfit(name, form, text);
      return checkedValue(name, setting, Number(given));
    case 'switch':
      if (given === 'true' || given === 'false') return given === 'true';
      throw misfit(name, form, text);
    case 'choice':
      return checkedValue(name, setting, given);
    case 'list':
      return checkedValue(
        name,
        setting,
        given.split(',').map((part) => part.trim()),
      );
    case 'table':
      return checkedValue(name, setting, { file: name, text });
    case 'text':
    case 'path':
    case 'stretch':
      return checkedValue(name, setting, text);
  }
}

function isStretch(value: unknown): value is NeutralChoice {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'calmest-second') return true;
  if (value.kind !== 'window' || !('start' in value) || !('end' in value)) return false;
  const { start, end } = value;
  return typeof start === 'number' && typeof end === 'number' && start >= 0 && end > start && Number.isFinite(end);
}

/** @throws FaceMirrorError USAGE for a file whose content is none of that kind. */
export function checkTable(of: 'movements' | 'scores', { file, text }: TableText): void {
  if (of === 'movements') checkMovements(text, file);
  else parseScores(text, file);
}

function isTableText(value: unknown): value is TableText {
  if (typeof value !== 'object' || value === null || !('file' in value) || !('text' in value)) return false;
  return typeof value.file === 'string' && typeof value.text === 'string';
}

function misfit(name: string, form: Form, value: unknown): FaceMirrorError {
  const given = typeof value === 'string' ? `"${value}"` : shown(value);
  return new FaceMirrorError('USAGE', `\`${name}\` takes ${valuesInWords(form)}, not ${given}.`, { setting: name });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? String(value) : text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** What a form takes: `a whole number from 1 to 256, or auto`. */
export function valuesInWords(form: Form): string {
  switch (form.kind) {
    case 'choice':
      return orOf(form.choices);
    case 'list':
      return `${form.choices.join(', ')}, or some of them`;
    case 'switch':
      return 'true or false';
    case 'number': {
      const range = form.most === Number.MAX_SAFE_INTEGER ? `${form.least} up` : `${form.least} to ${form.most}`;
      return orOf([...form.words, `a ${form.whole ? 'whole ' : ''}number from ${range}`]);
    }
    case 'path':
      return `the path of a ${form.to}`;
    case 'text':
      return `up to ${form.longest} characters on one line`;
    case 'table':
      return `a file of ${form.of}`;
    case 'stretch':
      return 'a stretch of the video such as 0:02-0:04';
  }
}

function orOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}
