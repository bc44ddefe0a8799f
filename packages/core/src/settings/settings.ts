import { FaceMirrorError } from '../errors.js';
import { checkedValue, valueFromText, type Setting, type ValueOf } from './form.js';
import { SETTING_NAMES, SETTINGS, type SettingName } from './table.js';

type Table = typeof SETTINGS;

/** All settings of a run; see {@link SETTINGS} for what each does. */
export type RunSettings = { readonly [Name in SettingName]: ValueOf<Table[Name]> };

type ResultSettingName = {
  [Name in SettingName]: Table[Name]['changesResults'] extends true ? Name : never;
}[SettingName];

/** The settings that results depend on: two runs with equal ones on the same file give the same tables. */
export type ResultSettings = Pick<RunSettings, ResultSettingName>;

/** What a program gives: only the settings that it wants to change. */
export type SettingsInput = Partial<RunSettings>;

/**
 * Every setting's default.
 *
 * @example
 * DEFAULT_SETTINGS.measure; // 'mirrored'
 */
export const DEFAULT_SETTINGS = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, SETTINGS[name].default]),
) as unknown as RunSettings;

/**
 * Settings from anything: what is left out, or undefined, gets its default.
 *
 * @param given an object of settings by name, for instance parsed JSON. `neutral` may be text such as `0:02-0:04`.
 * @throws FaceMirrorError USAGE, with the name in `setting`, for a setting that does not exist, for a value that does
 *   not fit, and for settings that exclude each other.
 * @example
 * parseSettings({ camera: 'mirrored' }).quality; // 18
 */
export function parseSettings(given: unknown): RunSettings {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new FaceMirrorError('USAGE', 'Settings must be an object such as { camera: "mirrored" }.');
  for (const name of Object.keys(given)) requireName(name);
  const values = new Map<string, unknown>(Object.entries(given));
  const settings = Object.fromEntries(
    SETTING_NAMES.map((name) => {
      const value = values.get(name);
      return [name, value === undefined ? SETTINGS[name].default : checkedValue(name, SETTINGS[name], value)];
    }),
  ) as RunSettings; // each value was checked against its own form
  checkTogether(settings);
  return settings;
}

/**
 * One setting's value from text, as a flag or a form's field gives it.
 * @throws FaceMirrorError USAGE, with the name in `setting`, when it does not fit.
 *
 * @example
 * parseSetting('quality', '23'); // 23
 */
export function parseSetting<Name extends SettingName>(name: Name, text: string): RunSettings[Name] {
  return valueFromText(name, SETTINGS[name], text) as RunSettings[Name];
}

/** The settings that results depend on, as the record of a run keeps them. */
export function resultSettings(settings: RunSettings): ResultSettings {
  const names = SETTING_NAMES.filter((name) => SETTINGS[name].changesResults);
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as unknown as ResultSettings;
}

/** Whether the mirrored videos are written, and the upright source where the camera was held sideways. */
export function writesVideos({ outputs }: Pick<RunSettings, 'outputs'>): boolean {
  return outputs.includes('videos');
}

export function writesDebugVideo({ outputs, debugVideo }: Pick<RunSettings, 'outputs' | 'debugVideo'>): boolean {
  return debugVideo && outputs.includes('debug');
}

/** A setting as data, whatever its name. */
export function settingNamed(name: SettingName): Setting {
  return SETTINGS[name];
}

function requireName(name: string): asserts name is SettingName {
  if (Object.hasOwn(SETTINGS, name)) return;
  const alike = SETTING_NAMES.find((each) => each.toLowerCase() === name.toLowerCase().replaceAll(/[-_]/g, ''));
  const advice = alike === undefined ? `the settings are ${SETTING_NAMES.join(', ')}` : `did you mean "${alike}"?`;
  throw new FaceMirrorError('USAGE', `There is no setting "${name}"; ${advice}.`, { setting: name });
}

function checkTogether(settings: RunSettings): void {
  if (!writesVideos(settings) && !writesDebugVideo(settings) && !settings.outputs.includes('tables'))
    throw new FaceMirrorError(
      'USAGE',
      '`outputs` asks for the debug video alone, and `debugVideo: false` leaves it out: drop one of them.',
      { setting: 'outputs' },
    );
  for (const name of ['report', 'redacted'] as const)
    if (settings[name] && !settings.outputs.includes('tables'))
      throw new FaceMirrorError(
        'USAGE',
        `\`${name}\` is made of the tables, which \`outputs\` leaves out: drop one of them.`,
        { setting: name },
      );
  for (const name of ['performanceReport', 'trace'] as const) {
    const isAsked = settings[name] !== SETTINGS[name].default;
    if (isAsked && !settings.profile)
      throw new FaceMirrorError(
        'USAGE',
        `\`${name}\` shows what \`profile: false\` does not measure: leave one of them out.`,
        { setting: name },
      );
  }
}
