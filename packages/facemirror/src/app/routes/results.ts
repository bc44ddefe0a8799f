import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { outputName } from 'facemirror-core/results/output-names.js';
import { stemOf } from '../../results/outputs.js';
import { AppError } from '../app-error.js';
import { REPORT_POLICY, SCRIPTED_REPORT_POLICY } from '../access.js';
import { FACTS_FILE, placeOf } from '../library.js';
import { proxyOf } from '../proxy.js';
import { fileAddress, reviewOf } from '../review-files.js';
import type { AppContext } from '../app-context.js';
import { zipOf } from '../zip.js';

interface OfVideo {
  readonly Params: { readonly id: string };
}

/** Results of one video: files by ranges, the review, reports, everything as a zip. */
export function resultRoutes(app: FastifyInstance, { library }: AppContext): void {
  app.get<OfVideo>('/api/videos/:id/review', ({ params }) => reviewOf(library, placeOf(params.id)));

  app.get<{ Params: { id: string; name: string } }>('/api/videos/:id/files/:name', async ({ params }, reply) => {
    const place = placeOf(params.id);
    const folder = await library.folderThere(place);
    const { name } = params;
    const { file } = await library.factsThere(place);
    const isThere = basename(name) === name && name !== FACTS_FILE && (await readdir(folder)).includes(name);
    if (!isThere || name.startsWith('.')) throw noFile();
    if (name.endsWith('.html'))
      reply.header(
        'content-security-policy',
        name === outputName(stemOf(file), 'performance-page') ? SCRIPTED_REPORT_POLICY : REPORT_POLICY,
      );
    return sendFile(reply, name, folder);
  });

  app.get<OfVideo>('/api/videos/:id/proxy', async ({ params }, reply) => {
    const place = placeOf(params.id);
    const folder = await library.folderThere(place);
    const { file } = await library.factsThere(place);
    return sendFile(reply, await proxyOf(folder, file), folder);
  });

  app.get<{ Params: { id: string; kind: 'examination' | 'performance' } }>(
    '/api/videos/:id/report/:kind',
    { schema: { params: { type: 'object', properties: { kind: { enum: ['examination', 'performance'] } } } } },
    async ({ params }) => {
      const place = placeOf(params.id);
      const folder = await library.folderThere(place);
      const { file } = await library.factsThere(place);
      const name = `${stemOf(file)}${params.kind === 'examination' ? '_report.html' : '_performance.html'}`;
      const isThere = (await readdir(folder)).includes(name);
      return { address: isThere ? fileAddress(place, name) : null };
    },
  );

  app.get<OfVideo>('/api/videos/:id/zip', async ({ params }, reply) => {
    const place = placeOf(params.id);
    const folder = await library.folderThere(place);
    const name = `${place.subject}-${place.visit}-${place.folder}`.replace(/[^\w.-]+/g, '_');
    return reply
      .header('content-type', 'application/zip')
      .header('content-disposition', `attachment; filename="${name}.zip"`)
      .send(await zipOf(folder, name));
  });
}

/** Sends a file of a folder, by ranges where the browser asks for them. */
function sendFile(reply: FastifyReply, name: string, folder: string): FastifyReply {
  return reply.sendFile(name, folder, { dotfiles: 'allow', cacheControl: false });
}

function noFile(): AppError {
  return new AppError(404, 'NO_FILE', 'There is no such file in the results.');
}
