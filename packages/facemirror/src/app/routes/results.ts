import type { FastifyInstance, FastifyReply } from 'fastify';
import { outputName } from 'facemirror-core/results/output-names.js';
import { AppError } from '../app-error.js';
import { REPORT_POLICY, SCRIPTED_REPORT_POLICY } from '../access.js';
import { makeCopy } from '../proxy.js';
import { fileAddress, reviewOf } from '../review-files.js';
import type { ShownVideos } from '../shown-video.js';
import { zipOf } from '../zip.js';

interface OfVideo {
  readonly Params: { readonly id: string };
}

/** What is there: the list, and of each video its files by ranges, the review, reports, everything as a zip. */
export function resultRoutes(app: FastifyInstance, videos: ShownVideos): void {
  app.get('/api/library', () => videos.list());

  app.get<OfVideo>('/api/videos/:id/review', async ({ params }) => reviewOf(await videos.shown(params.id)));

  app.get<{ Params: { id: string; name: string } }>('/api/videos/:id/files/:name', async ({ params }, reply) => {
    const shown = await videos.shown(params.id);
    const { name } = params;
    if (!(await shown.files()).has(name)) throw noFile();
    if (name.endsWith('.html'))
      reply.header(
        'content-security-policy',
        name === outputName(shown.stem, 'performance-page') ? SCRIPTED_REPORT_POLICY : REPORT_POLICY,
      );
    return sendFile(reply, name, shown.folder);
  });

  app.get<OfVideo>('/api/videos/:id/original', async ({ params }, reply) => {
    const { original } = await videos.shown(params.id);
    if (original === null) throw noFile();
    return sendFile(reply, original.name, original.folder);
  });

  app.get<OfVideo>('/api/videos/:id/proxy', async ({ params }, reply) => {
    const { original, copy } = await videos.shown(params.id);
    if (original === null) throw noFile();
    await makeCopy(original, copy);
    return sendFile(reply, copy.name, copy.folder);
  });

  app.get<{ Params: { id: string; kind: 'examination' | 'performance' } }>(
    '/api/videos/:id/report/:kind',
    { schema: { params: { type: 'object', properties: { kind: { enum: ['examination', 'performance'] } } } } },
    async ({ params }) => {
      const shown = await videos.shown(params.id);
      const name = outputName(shown.stem, `${params.kind}-page`);
      const there = await shown.files();
      if (params.kind === 'examination' && !there.has(name) && there.has(outputName(shown.stem, 'record')))
        return { address: (await shown.makeReport()) ? fileAddress(shown, name) : null };
      return { address: there.has(name) ? fileAddress(shown, name) : null };
    },
  );

  app.get<OfVideo>('/api/videos/:id/zip', async ({ params }, reply) => {
    const shown = await videos.shown(params.id);
    const name = shown.id.replace(/[^\w.-]+/g, '_');
    return reply
      .header('content-type', 'application/zip')
      .header('content-disposition', `attachment; filename="${name}.zip"`)
      .send(await zipOf(shown, name));
  });
}

/** Sends a file of a folder, by ranges where the browser asks for them. */
function sendFile(reply: FastifyReply, name: string, folder: string): FastifyReply {
  return reply.sendFile(name, folder, { dotfiles: 'allow', cacheControl: false });
}

function noFile(): AppError {
  return new AppError(404, 'NO_FILE', 'There is no such file in the results.');
}
