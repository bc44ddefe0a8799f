import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { SCRIPTED_REPORT_POLICY } from '../access.js';
import { LensWorkshop, runLens } from '../lens-jobs.js';
import { safeName } from '../library.js';
import { receive } from '../upload.js';

/** ONNX files may not be larger than protobuf's limit. */
const MOST_MODEL_BYTES = 2 ** 31;

const TARGETS = {
  'coreml-mlprogram': ['--provider', 'coreml', '--format', 'mlprogram'],
  'coreml-neuralnetwork': ['--provider', 'coreml', '--format', 'neuralnetwork'],
  xnnpack: ['--provider', 'xnnpack'],
} as const;

interface Dropped {
  readonly Querystring: { readonly name: string; readonly target?: keyof typeof TARGETS };
  readonly Body: Readable;
}

const QUERY = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 500 },
    target: { enum: Object.keys(TARGETS), default: 'coreml-mlprogram' },
  },
} as const;

/** Coverage and optimization of a model that the user dropped. */
export function lensRoutes(app: FastifyInstance): void {
  const workshop = new LensWorkshop();
  app.addHook('onClose', () => workshop.close());

  const takeModel = async (body: Readable, name: string, length: string | undefined) => {
    const { id, folder } = await workshop.newFolder();
    const model = safeName(name);
    await receive(body, () => Promise.resolve(join(folder, model)), {
      scratch: folder,
      announcedBytes: length === undefined ? null : Number(length),
      mostBytes: MOST_MODEL_BYTES,
    });
    return { id, folder, model };
  };

  app.post<Dropped>('/api/lens/coverage', { schema: { querystring: QUERY } }, async ({ query, body, headers }) => {
    const { id, folder, model } = await takeModel(body, query.name, headers['content-length']);
    const target = TARGETS[query.target ?? 'coreml-mlprogram'];
    await runLens(['coverage', join(folder, model), ...target, '--html', join(folder, 'report.html')]);
    return { model, address: `/api/lens/${id}/report.html` };
  });

  app.post<Dropped>('/api/lens/optimize', { schema: { querystring: QUERY } }, async ({ query, body, headers }) => {
    const { id, folder, model } = await takeModel(body, query.name, headers['content-length']);
    const better = join(folder, 'optimized.onnx');
    const text = await runLens(['optimize', join(folder, model), '-o', better]);
    const isThere = await access(better).then(
      () => true,
      () => false,
    );
    return { model, text, download: isThere ? `/api/lens/${id}/optimized.onnx` : null };
  });

  app.get<{ Params: { id: string; file: 'report.html' | 'optimized.onnx' } }>(
    '/api/lens/:id/:file',
    { schema: { params: { type: 'object', properties: { file: { enum: ['report.html', 'optimized.onnx'] } } } } },
    ({ params }, reply) => {
      if (params.file === 'report.html') reply.header('content-security-policy', SCRIPTED_REPORT_POLICY);
      return reply.sendFile(params.file, workshop.folderOf(params.id), { cacheControl: false });
    },
  );
}
