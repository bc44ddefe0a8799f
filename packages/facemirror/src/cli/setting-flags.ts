import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { checkTable, valuesInWords, type Setting, type TableText } from 'facemirror-core/settings/form.js';
import { parseSetting, settingNamed, type RunSettings, type SettingsInput } from 'facemirror-core/settings/settings.js';
import { unreadable } from '../files/unreadable.js';
import { SETTING_NAMES, type SettingName } from 'facemirror-core/settings/table.js';

/** Flags that are not called what their setting is called. */
const OWN_FLAGS: Readonly<Partial<Record<string, string>>> = { modelsFolder: 'models' };

/** The flag of a setting, or of an option of a command: `--detect-side`. With `false`, the one that switches it off. */
export function flagOf(name: string, value?: string): string {
  const word = OWN_FLAGS[name] ?? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${value === 'false' ? 'no-' : ''}${word}`;
}

/**
 * A sentence for the command line: settings, which other parts write as `force: true` or `out` in backquotes, as flags.
 */
export function inFlags(sentence: string): string {
  return sentence.replaceAll(/`([a-zA-Z]+)(?:: (true|false))?`/g, (whole, name: string, value?: string) =>
    name === 'out' || (SETTING_NAMES as readonly string[]).includes(name) ? flagOf(name, value) : whole,
  );
}

/** Adds a flag for each of some settings, with its help and default. Default all. */
export function addSettingFlags(command: Command, names: readonly SettingName[] = SETTING_NAMES): Command {
  for (const name of names) for (const option of optionsOf(name)) command.addOption(option);
  return command;
}

/** The settings among a command's options; what was not given is left out. */
export function settingsAmong(options: Readonly<Record<string, unknown>>): SettingsInput {
  const given = SETTING_NAMES.map((name) => [name, options[attributeOf(name)]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** A commander argument parser for a setting's value. */
export function settingParser<Name extends SettingName>(name: Name): (text: string) => RunSettings[Name] {
  return (text) => {
    const { form } = settingNamed(name);
    if (form.kind === 'table') return readTable(text, form.of) as RunSettings[Name];
    try {
      return parseSetting(name, text);
    } catch (error) {
      if (!(error instanceof FaceMirrorError)) throw error;
      // A stretch's error says more than what it takes.
      throw new InvalidArgumentError(
        form.kind === 'stretch' ? inFlags(error.message) : `"${text}" is not ${valuesInWords(form)}.`,
      );
    }
  };
}

/** The same for several values, separated by commas. */
export function settingListParser<Name extends SettingName>(name: Name): (text: string) => RunSettings[Name][] {
  const parse = settingParser(name);
  return (text) => text.split(',').map((part) => parse(part));
}

/** @throws FaceMirrorError USAGE, FILE_UNREADABLE for a file that is no such table, before any video is opened. */
export function readTable(path: string, of: 'movements' | 'scores'): TableText {
  const file = basename(path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  checkTable(of, { file, text });
  return { file, text };
}

function optionsOf(name: SettingName): Option[] {
  const setting = settingNamed(name);
  const { form, about } = setting;
  const flag = flagOf(name);
  if (form.kind === 'switch') {
    if (setting.default === false) return [new Option(flag, about).default(false)];
    // What is on by default is shown by the flag that switches it off.
    return [new Option(flag, about).default(true).hideHelp(), new Option(flagOf(name, 'false'), setting.aboutOff)];
  }
  const help = setting.defaultAbout === undefined ? about : `${about} (default: ${setting.defaultAbout})`;
  const option = new Option(`${flag} <${placeholderOf(setting)}>`, help).argParser(settingParser(name));
  if (form.kind === 'choice') option.choices([...form.choices]);
  return [setting.default === null || typeof setting.default === 'object' ? option : option.default(setting.default)];
}

/** What stands for the value in the help. */
function placeholderOf({ form, unit }: Setting): string {
  switch (form.kind) {
    case 'choice':
    case 'switch':
      return 'name';
    case 'number':
      return form.words.length > 1 ? 'which' : unit === 'pixels' ? unit : 'number';
    case 'list':
      return 'list';
    case 'table':
      return 'file';
    case 'text':
      return 'name';
    case 'path':
      return form.to;
    case 'stretch':
      return 'start-end';
  }
}

/** The name by which commander keeps a flag's value. */
function attributeOf(name: SettingName): string {
  return flagOf(name)
    .slice(2)
    .replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
