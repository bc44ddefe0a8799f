import type { FastifyInstance } from 'fastify';
import { programVersion } from '../../version.js';
import { settingFields } from 'facemirror-core/settings/fields.js';
import { NOT_IN_FORM } from '../app-settings.js';
import type { AppContext } from '../app-context.js';

/** What the page asks first. */
export function aboutRoutes(app: FastifyInstance, { library }: AppContext): void {
  app.get('/api/about', () => ({
    kind: 'server',
    version: programVersion(),
    libraryPlace: `Your library is the folder ${library.folder}.`,
    settings: settingFields(NOT_IN_FORM),
    canEdit: true,
    screens: ['start', 'queue', 'review', 'report', 'performance', 'models', 'lens'],
  }));
}
