import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { safeName } from '../library.js';
import { runTask } from '../tasks/task.js';
import { receive } from '../upload.js';

/** The largest checkpoint of the suites is 200 MB. */
const MOST_CHECKPOINT_BYTES = 2e9;

/**
 * The suites' networks: what is there, fetch, import, check. Code that opens networks is loaded when it is asked for.
 */
export function modelRoutes(app: FastifyInstance): void {
  app.get('/api/models', () => runTask({ kind: 'suites' }));

  app.post<{ Body: { suite: string; licenceAccepted: boolean } }>(
    '/api/models/pull',
    {
      schema: {
        body: {
          type: 'object',
          required: ['suite', 'licenceAccepted'],
          additionalProperties: false,
          properties: { suite: { type: 'string', maxLength: 40 }, licenceAccepted: { type: 'boolean' } },
        },
      },
    },
    async ({ body }, reply) => {
      await runTask({ kind: 'pull', ...body });
      return reply.status(204).send();
    },
  );

  app.post<{ Querystring: { name: string }; Body: Readable }>(
    '/api/models/import',
    {
      schema: {
        querystring: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 500 } } },
      },
    },
    async ({ query, body, headers }) => {
      const folder = await mkdtemp(join(tmpdir(), 'facemirror-import-'));
      try {
        const length = headers['content-length'];
        const path = await receive(body, () => Promise.resolve(join(folder, safeName(query.name))), {
          scratch: folder,
          announcedBytes: length === undefined ? null : Number(length),
          mostBytes: MOST_CHECKPOINT_BYTES,
        });
        return { sentence: await runTask({ kind: 'import', path }) };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  app.post('/api/models/verify', async () => ({ damaged: await runTask({ kind: 'verify' }) }));
}
