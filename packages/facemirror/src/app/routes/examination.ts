import type { FastifyInstance } from 'fastify';
import { MOVEMENT_CODES } from 'facemirror-core/movements/codes.js';
import { MOVEMENT_SOURCES } from 'facemirror-core/movements/movement.js';
import type { ExaminationEdit } from 'facemirror-core/examination/edit.js';
import { placeOf } from '../library.js';
import { reviewOf } from '../review-files.js';
import { runTask } from '../tasks/task.js';
import type { AppContext } from '../app-context.js';

const SECONDS = { type: 'number', minimum: 0 } as const;

const BODY = {
  type: 'object',
  required: ['movements', 'neutral'],
  additionalProperties: false,
  properties: {
    movements: {
      type: ['array', 'null'],
      maxItems: 10_000,
      items: {
        type: 'object',
        required: ['start', 'end', 'code', 'source', 'confidence'],
        additionalProperties: false,
        properties: {
          start: SECONDS,
          end: SECONDS,
          code: { enum: MOVEMENT_CODES },
          source: { enum: MOVEMENT_SOURCES },
          confidence: { type: ['number', 'null'], minimum: 0, maximum: 1 },
        },
      },
    },
    neutral: {
      type: ['object', 'null'],
      required: ['start', 'end'],
      additionalProperties: false,
      properties: { start: SECONDS, end: SECONDS },
    },
  },
} as const;

/** Saves what a person has edited in the review, and makes all tables again. */
export function examinationRoutes(app: FastifyInstance, { library, jobs }: AppContext): void {
  app.put<{ Params: { id: string }; Body: ExaminationEdit }>(
    '/api/videos/:id/examination',
    { schema: { body: BODY }, bodyLimit: 4_000_000 },
    async ({ params, body }) => {
      const { id, folder, stem } = await library.shown(params.id);
      const { subject, visit } = placeOf(id);
      await jobs.whileIdle(id, () => runTask({ kind: 'examination', folder, stem, subject, visit, edit: body }));
      return reviewOf(await library.shown(id));
    },
  );
}
