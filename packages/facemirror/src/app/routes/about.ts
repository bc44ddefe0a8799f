import type { FastifyInstance } from 'fastify';
import { programVersion } from '../../version.js';
import { settingFields } from 'facemirror-core/settings/fields.js';
import { NOT_IN_FORM } from '../app-settings.js';

/** What differs between a library and a folder of results that is only looked at. */
export interface ProgramAbout {
  /** Where results are kept, as a sentence. */
  readonly libraryPlace: string;
  readonly canEdit: boolean;
  /** As the page calls them. */
  readonly screens: readonly string[];
}

/** What the page asks first. */
export function aboutRoutes(app: FastifyInstance, about: ProgramAbout): void {
  app.get('/api/about', () => ({
    kind: 'server',
    version: programVersion(),
    settings: settingFields(NOT_IN_FORM),
    ...about,
  }));
}
