import type { SettingName } from 'facemirror-core/settings/table.js';

/** Settings that the app decides or does not show, or that name files of the server's computer. */
export const NOT_IN_FORM: ReadonlySet<SettingName> = new Set([
  'force',
  'jobs',
  'modelsFolder',
  'profile',
  'redacted',
  'trace',
  'movements',
  'scores',
  'subject',
  'visit',
]);
