import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { MOVEMENT_CODES, type MovementCode } from 'facemirror-core/movements/codes.js';
import { MOVEMENT_SOURCES, type Movement, type MovementSource } from 'facemirror-core/movements/movement.js';
import { movementsTable, parseMovements } from 'facemirror-core/movements/movements-file.js';
import { writeFileWhole } from 'onnx-lens/internal';
import { stemOf } from '../../results/outputs.js';
import { placeOf } from '../library.js';
import { frameTimes, reviewOf } from '../review-files.js';
import type { AppContext } from '../app-context.js';

interface Edit {
  readonly movements: readonly {
    readonly start: number;
    readonly end: number;
    readonly code: MovementCode;
    readonly source: MovementSource;
    readonly confidence: number | null;
  }[];
}

const BODY = {
  type: 'object',
  required: ['movements'],
  properties: {
    movements: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        required: ['start', 'end', 'code', 'source', 'confidence'],
        additionalProperties: false,
        properties: {
          start: { type: 'number', minimum: 0 },
          end: { type: 'number', minimum: 0 },
          code: { enum: MOVEMENT_CODES },
          source: { enum: MOVEMENT_SOURCES },
          confidence: { anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, { type: 'null' }] },
        },
      },
    },
  },
} as const;

/** Saves the movements that a person has edited. */
export function examinationRoutes(app: FastifyInstance, { library }: AppContext): void {
  app.put<{ Params: { id: string }; Body: Edit }>(
    '/api/videos/:id/examination',
    { schema: { body: BODY } },
    async ({ params, body }) => {
      const place = placeOf(params.id);
      const folder = await library.folderThere(place);
      const { file } = await library.factsThere(place);
      const { tables } = await reviewOf(library, place);
      const name = `${stemOf(file)}_movements.csv`;
      const movements: readonly Movement[] = [...body.movements].sort((a, b) => a.start - b.start);
      const text = [...movementsTable(movements)].join('');
      // The same checks as for a file of the user's: no overlaps, nothing past the end.
      parseMovements(text, { time: frameTimes(tables), file: name });
      writeFileWhole(join(folder, name), Buffer.from(text));
      return reviewOf(library, place);
    },
  );
}
