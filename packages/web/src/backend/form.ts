import type { SettingName } from 'facemirror-core/settings/table.js';

/** Settings that mean nothing in a browser, or that this edition decides by itself. */
export const NOT_IN_FORM: ReadonlySet<SettingName> = new Set([
  'suite',
  'detectSide',
  'movements',
  'encoder',
  'provider',
  'modelsFolder',
  'workers',
  'isolation',
  'batch',
  'jobs',
  'profile',
  'report',
  'redacted',
  'performanceReport',
  'scores',
  'subject',
  'visit',
  'trace',
  'force',
]);
