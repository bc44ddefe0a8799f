/**
 * Computes movements and measures again from a frames file, for another affected side; no network runs:
 * node examples/examine-again.js results/patient_frames.bin left
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { readFramesFile } from 'facemirror-core/examination/frames-file.js';
import { examineAgain } from 'facemirror-core/examination/tables.js';

const [path = 'results/patient_frames.bin', side] = process.argv.slice(2);
const affected = side === 'left' || side === 'right' ? side : 'auto';
const { examination, tables } = examineAgain(readFramesFile(readFileSync(path), path), {
  neutral: { kind: 'calmest-second' },
  iris: false,
  affected,
  movements: null,
});
console.log(`${examination.movements.length} movements`);
for (const line of tables.by_movement) process.stdout.write(line);
