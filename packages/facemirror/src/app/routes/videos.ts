import type { Readable } from 'node:stream';
import { extname, join } from 'node:path';
import { mkdir, rm } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { AFFECTED, folderName, idOf, placeOf, safeName, type Affected, type VideoPlace } from '../library.js';
import type { AppContext } from '../app-context.js';
import { runTask } from '../tasks/task.js';
import { receive } from '../upload.js';

/** Videos of the library: add, remove. */
export function videoRoutes(app: FastifyInstance, context: AppContext): void {
  const { library, jobs } = context;

  app.post<{ Querystring: { name: string; subject: string; visit: string; affected: Affected }; Body: Readable }>(
    '/api/videos',
    {
      schema: {
        querystring: {
          type: 'object',
          required: ['name', 'subject', 'visit'],
          properties: {
            name: { type: 'string', minLength: 1, maxLength: 500 },
            subject: { type: 'string', minLength: 1, maxLength: 80 },
            visit: { type: 'string', minLength: 1, maxLength: 80 },
            affected: { enum: AFFECTED, default: 'unknown' },
          },
        },
      },
    },
    async ({ query, body, headers }, reply) => {
      const file = safeName(query.name);
      let place: VideoPlace = {
        subject: folderName(query.subject),
        visit: folderName(query.visit),
        folder: folderName(file.slice(0, file.length - extname(file).length) || file),
      };
      const announced = headers['content-length'];
      await receive(
        body,
        async () => {
          place = await newFolder(context, place);
          return join(library.folderOf(place), file);
        },
        {
          scratch: library.folder,
          announcedBytes: announced === undefined ? null : Number(announced),
          mostBytes: context.mostUploadBytes,
        },
      );
      library.keepFacts(place, { file, affected: query.affected, settings: {}, job: null });
      return reply.status(201).send({ video: idOf(place) });
    },
  );

  app.post('/api/demo', async (request, reply) => {
    const place = await newFolder(context, { subject: 'Demo', visit: 'demo', folder: 'demo' });
    const folder = library.folderOf(place);
    try {
      await runTask({ kind: 'demo', folder });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    library.keepFacts(place, { file: 'demo.mp4', affected: 'left', settings: {}, job: null });
    return reply.status(201).send({ video: idOf(place) });
  });

  app.delete<{ Params: { id: string } }>('/api/videos/:id', async ({ params }, reply) => {
    const place = placeOf(params.id);
    await library.factsThere(place);
    jobs.forget(idOf(place));
    await library.remove(place);
    return reply.status(204).send();
  });
}

/** Makes a video's folder; one of the same name that is there already gets a number behind it. */
async function newFolder({ library }: AppContext, place: VideoPlace): Promise<VideoPlace> {
  for (let number = 1; ; number++) {
    const tried = number === 1 ? place : { ...place, folder: folderName(`${place.folder} (${number})`) };
    await mkdir(join(library.folderOf(tried), '..'), { recursive: true });
    try {
      await mkdir(library.folderOf(tried));
      return tried;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
