import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { outputName } from 'facemirror-core/results/output-names.js';
import { AppError } from '../app-error.js';
import type { AppContext } from '../app-context.js';
import { placeOf, type Library } from '../library.js';
import type { ComparedVideo } from '../tasks/compare-videos.js';
import { runTask } from '../tasks/task.js';

const BODY = {
  type: 'object',
  required: ['videos'],
  additionalProperties: false,
  properties: { videos: { type: 'array', maxItems: 50, items: { type: 'string', minLength: 1, maxLength: 300 } } },
} as const;

/** The table of change between visits, in the order in which they are named. */
export function compareRoutes(app: FastifyInstance, { library }: AppContext): void {
  app.post<{ Body: { readonly videos: readonly string[] } }>(
    '/api/compare',
    { schema: { body: BODY } },
    async ({ body }) => {
      const ids = [...new Set(body.videos)];
      if (ids.length < 2)
        throw new AppError(400, 'USAGE', 'A comparison needs two visits or more: choose at least two videos.');
      const videos = await Promise.all(ids.map((id) => comparedOf(library, id)));
      return runTask({ kind: 'compare', videos: named(videos) });
    },
  );
}

async function comparedOf(library: Library, id: string): Promise<ComparedVideo & { readonly file: string }> {
  const { folder, stem, files } = await library.shown(id);
  const record = outputName(stem, 'record');
  if (!(await files()).has(record))
    throw new AppError(404, 'NO_RESULTS', `${id} has no results yet: process it first.`);
  const { subject, visit, folder: file } = placeOf(id);
  return { record: join(folder, record), subject, name: visit, file };
}

/** Videos by their visits; by subject and video, too, where the visits' names tell nothing apart. */
function named(videos: readonly (ComparedVideo & { readonly file: string })[]): readonly ComparedVideo[] {
  const isTold = new Set(videos.map(({ name }) => name)).size === videos.length;
  return videos.map(({ record, subject, name, file }) => ({
    record,
    subject,
    name: isTold ? name : `${subject} · ${name} · ${file}`,
  }));
}
