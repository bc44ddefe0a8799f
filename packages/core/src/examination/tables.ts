import {
  expressionOf,
  intensitySourceOf,
  type ExpressionOptions,
  type ExpressionResult,
} from '../action-units/analysis.js';
import type { FrameRecord } from '../action-units/frame-record.js';
import { actionUnitTable, measuresTable } from '../action-units/table.js';
import { blinksTable } from '../movements/blinks.js';
import { byMovementTable } from '../movements/by-movement.js';
import { readCurves } from '../movements/exam-curves.js';
import { movementsTable } from '../movements/movements-file.js';
import { synkinesisTable } from '../movements/synkinesis.js';
import { examinationOf, type Examination, type ExaminationOptions } from './examination.js';
import type { FramesFile } from './frames-file.js';

/** The tables of a run, by what they are written as: `<name>_<key>.csv`. Line by line, each with its line feed. */
export interface ExaminationTables {
  readonly left_mirrored: Iterable<string>;
  readonly right_mirrored: Iterable<string>;
  readonly measures: Iterable<string>;
  readonly movements: Iterable<string>;
  readonly by_movement: Iterable<string>;
  readonly synkinesis: Iterable<string>;
  readonly blinks: Iterable<string>;
}

/** An examination with all tables. */
export interface ExaminationResult {
  readonly examination: Examination;
  readonly expression: ExpressionResult;
  readonly tables: ExaminationTables;
}

/** The tables of a video's analysis. */
export function examine(expression: ExpressionResult, options: ExaminationOptions): ExaminationResult {
  const examination = examinationOf(readCurves(expression), options);
  const { movements, rows, synkinesis, blinks } = examination;
  return {
    examination,
    expression,
    tables: {
      left_mirrored: actionUnitTable(expression.actionUnits('left')),
      right_mirrored: actionUnitTable(expression.actionUnits('right')),
      measures: measuresTable(expression.measureColumns, expression.measures()),
      movements: movementsTable(movements),
      by_movement: byMovementTable(movements, rows),
      synkinesis: synkinesisTable(movements, synkinesis),
      blinks: blinksTable(blinks.blinks),
    },
  };
}

/**
 * Computes an examination again from a frames file, without running a network: with other movements, another neutral
 * stretch, another affected side. With the options of the run it gives the run's own bytes.
 */
export function examineAgain(
  file: FramesFile,
  options: ExaminationOptions & Pick<ExpressionOptions, 'neutral' | 'iris'>,
): ExaminationResult {
  const records = (): Iterable<FrameRecord> => file.records();
  const { camera, measure } = file.header;
  const source = intensitySourceOf(records());
  return examine(expressionOf(records, { ...options, camera }, source, measure), options);
}
