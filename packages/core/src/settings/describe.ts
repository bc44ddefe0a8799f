import { valuesInWords, type Setting } from './form.js';
import { settingNamed } from './settings.js';
import { SETTING_NAMES } from './table.js';

/** The table of all settings as Markdown, one row each: for documents. */
export function settingsMarkdown(): string {
  const rows = SETTING_NAMES.map((name) => {
    const setting = settingNamed(name);
    const cells = [`\`${name}\``, takes(setting), usual(setting), setting.about, setting.changesResults ? 'yes' : 'no'];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| setting | takes | default | what it does | changes results |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

function takes({ form, unit }: Setting): string {
  const words = valuesInWords(form);
  return form.kind === 'number' && unit !== null ? `${words} (${unit})` : words;
}

function usual(setting: Setting): string {
  if (setting.defaultAbout !== undefined) return setting.defaultAbout;
  return setting.default === null ? 'none' : JSON.stringify(setting.default).replaceAll('"', '');
}
