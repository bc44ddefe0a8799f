import { FaceMirrorError } from 'facemirror-core/errors.js';
import { parseSetting, parseSettings, settingNamed, type RunSettings } from 'facemirror-core/settings/settings.js';
import { SETTING_NAMES, type SettingName } from 'facemirror-core/settings/table.js';

/** One setting of a run, as the page's form shows it. */
export interface SettingField {
  readonly name: string;
  readonly kind: 'choice' | 'number' | 'switch' | 'text';
  readonly choices: readonly string[];
  readonly defaultValue: string | number | boolean | null;
  readonly unit: string | null;
  readonly least: number | null;
  readonly most: number | null;
  /** One sentence. */
  readonly help: string;
}

/** Settings that the app decides, or that name files of the server's computer. */
const NOT_IN_FORM: ReadonlySet<SettingName> = new Set([
  'force',
  'jobs',
  'modelsFolder',
  'profile',
  'trace',
  'movements',
]);

/** The form's fields, from the table of settings. */
export function settingFields(): readonly SettingField[] {
  return SETTING_NAMES.filter((name) => !NOT_IN_FORM.has(name)).map((name): SettingField => {
    const { form, default: usual, unit, about, defaultAbout } = settingNamed(name);
    const isPlainNumber = form.kind === 'number' && form.words.length === 0;
    return {
      name,
      kind: form.kind === 'choice' || form.kind === 'switch' ? form.kind : isPlainNumber ? 'number' : 'text',
      choices: form.kind === 'choice' ? form.choices : [],
      defaultValue: typeof usual === 'object' ? null : usual,
      unit,
      least: isPlainNumber ? form.least : null,
      most: isPlainNumber ? form.most : null,
      help: defaultAbout === undefined ? about : `${about} (${defaultAbout} if empty)`,
    };
  });
}

/**
 * The run's settings from what the form sent; fields that are left out or empty have their defaults.
 * @throws FaceMirrorError USAGE for one that is wrong.
 */
export function settingsFromForm(values: Readonly<Record<string, unknown>>): RunSettings {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '') continue;
    const known = SETTING_NAMES.find((each) => each === name);
    if (known === undefined || NOT_IN_FORM.has(known))
      throw new FaceMirrorError('USAGE', `There is no setting "${name}" here.`);
    given[known] = typeof value === 'string' ? parseSetting(known, value) : value;
  }
  return parseSettings(given);
}
