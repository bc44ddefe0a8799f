import type { FastifyInstance } from 'fastify';
import type { AppContext } from '../app-context.js';
import type { JobStore } from '../job-store.js';

/** Between two messages of progress, in milliseconds. */
const LEAST_PAUSE_MS = 250;

const SETTINGS = {
  type: 'object',
  additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }, { type: 'null' }] },
} as const;

/** Jobs, and the stream of what becomes of them. */
export function jobRoutes(app: FastifyInstance, { jobs }: AppContext): void {
  app.get('/api/jobs', () => jobs.all);

  app.post<{ Body: { video: string; settings?: Record<string, string | number | boolean | null> } }>(
    '/api/jobs',
    {
      schema: {
        body: {
          type: 'object',
          required: ['video'],
          additionalProperties: false,
          properties: { video: { type: 'string', maxLength: 300 }, settings: SETTINGS },
        },
      },
    },
    async ({ body }, reply) => reply.status(201).send(await jobs.start(body.video, body.settings ?? {})),
  );
  app.post<{ Params: { id: string } }>('/api/jobs/:id/cancel', ({ params }, reply) => {
    jobs.cancel(params.id);
    return reply.status(204).send();
  });
  app.post<{ Params: { id: string } }>('/api/jobs/:id/retry', async ({ params }, reply) => {
    await jobs.retry(params.id);
    return reply.status(204).send();
  });
  app.delete<{ Params: { id: string } }>('/api/jobs/:id', async ({ params }, reply) => {
    await jobs.remove(params.id);
    return reply.status(204).send();
  });
  eventRoutes(app, jobs);
}

/** All jobs, now and whenever one changes, as server-sent events. */
export function eventRoutes(app: FastifyInstance, jobs: Pick<JobStore, 'all' | 'watch'>): void {
  app.get('/api/events', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      connection: 'keep-alive',
    });
    let timer: NodeJS.Timeout | null = null;
    const send = (): void => {
      timer = null;
      raw.write(`data: ${JSON.stringify(jobs.all)}\n\n`);
    };
    const unwatch = jobs.watch(() => (timer ??= setTimeout(send, LEAST_PAUSE_MS)));
    request.raw.on('close', () => {
      unwatch();
      if (timer !== null) clearTimeout(timer);
    });
    send();
  });
}
