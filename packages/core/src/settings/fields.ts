import { FaceMirrorError } from '../errors.js';
import { parseSetting, parseSettings, settingNamed, type RunSettings } from './settings.js';
import { SETTING_NAMES, type SettingName } from './table.js';

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

/** The form's fields, from the table of settings. @param left out: settings that the form does not show. */
export function settingFields(leftOut: ReadonlySet<SettingName>): readonly SettingField[] {
  return SETTING_NAMES.filter((name) => !leftOut.has(name)).map((name): SettingField => {
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
export function settingsFromForm(
  values: Readonly<Record<string, unknown>>,
  leftOut: ReadonlySet<SettingName>,
): RunSettings {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '') continue;
    const known = SETTING_NAMES.find((each) => each === name);
    if (known === undefined || leftOut.has(known))
      throw new FaceMirrorError('USAGE', `There is no setting "${name}" here.`);
    given[known] = typeof value === 'string' ? parseSetting(known, value) : value;
  }
  return parseSettings(given);
}
