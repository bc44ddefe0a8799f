/**
 * How much of a known one-sided movement is measured on its side, and how much on the other: the clips of
 * shared/reference/one-sided, and those of more folders that shared/tools/one-sided/make.py made.
 *
 *   npm run bench -- one-sided                              both nets, the clips of the shared folder
 *   npm run bench -- one-sided --clips FOLDER,FOLDER        these, too
 *   npm run bench -- one-sided --measure whole              both sides on the face as it is
 *   npm run bench -- one-sided --net embedded|bundle        one of the nets
 *
 * Lengths are in mm where the middles of the eyes are 63 mm apart; a movement is the median of the held frames minus the
 * median at rest. Prints Markdown.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { mean, median } from '../packages/core/dist/arithmetic.js';
import { NODE_FLAGS, option, PROGRAM, SHARED } from './options.js';

const EYES_MM = 63;
const run = promisify(execFile);
const measure = option('--measure', 'mirrored');
const nets = option('--net', 'embedded,bundle').split(',');
const folders = [join(SHARED, 'reference/one-sided'), ...option('--clips', '').split(',').filter(Boolean)];
/** What shows each movement: its size in mm (or % of the opening), the change of it from columns of a side, and its action unit. */
const length = (row, name, side) => Number(row[`${name}_${side}_iod`]) * EYES_MM;
const smile = (row, side) =>
  (length(row, 'commissure_lateral', side) + length(row, 'commissure_height', side)) / Math.SQRT2;
const brow = (row, side) => length(row, 'brow_height', side);
const droop = (row, side) => -length(row, 'commissure_height', side);
const lip = (row, side) => -length(row, 'lower_lip_height', side);
const fissure = (row, side) => Number(row[`palpebral_fissure_${side}_iod`]);
const MOVES = {
  smile3: { size: 3, value: smile, unit: 'AU12' },
  smile6: { size: 6, value: smile, unit: 'AU12' },
  smile9: { size: 9, value: smile, unit: 'AU12' },
  droop5: { size: 5, value: droop, unit: 'AU15' },
  dep3: { size: 3, value: lip, unit: 'AU16' },
  brow3: { size: 3, value: brow, unit: 'AU02' },
  brow6: { size: 6, value: brow, unit: 'AU02' },
  lidhalf: { size: 50, value: fissure, isRatio: true, unit: 'AU45' },
  lidfull: { size: 100, value: fissure, isRatio: true, unit: 'AU45' },
};

function rowsOf(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at], cell])));
}

/** The clips of a folder, each with its movements' frames (from 0) and the side that moves. */
function clipsIn(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder);
  return files.flatMap((file) => {
    const [, name, half] = /^(.*)_([LR])\.mp4$/.exec(file) ?? [];
    if (name === undefined) return [];
    const truth = [`${name}.json`, 'truth.json'].find((each) => files.includes(each));
    if (truth === undefined) return [];
    const { rest, segments } = JSON.parse(readFileSync(join(folder, truth), 'utf8'));
    const held = segments.map(({ move, firstFrame, lastFrame, frames }) => ({
      move,
      frames: frames ?? [firstFrame, lastFrame],
    }));
    return [{ path: join(folder, file), rest, held, moved: half === 'L' ? 'right' : 'left' }];
  });
}

async function tablesOf(path, net) {
  const out = mkdtempSync(join(tmpdir(), 'facemirror-one-sided-'));
  try {
    const models = net === 'bundle' ? ['--models', join(SHARED, 'models')] : [];
    const options = ['--no-audio', '--no-debug-video', '--quality', '45', '--measure', measure, '--out', out];
    await run(process.execPath, [...NODE_FLAGS, PROGRAM, 'run', path, ...options, ...models]);
    const stem = basename(path, '.mp4');
    return {
      measures: rowsOf(join(out, `${stem}_measures.csv`)),
      left: rowsOf(join(out, `${stem}_left_mirrored.csv`)),
      right: rowsOf(join(out, `${stem}_right_mirrored.csv`)),
    };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** What a clip's movements read on the side that moves, and on the other. */
async function readClip({ path, rest, held, moved }, net) {
  const tables = await tablesOf(path, net);
  const other = moved === 'left' ? 'right' : 'left';
  const middle = (rows, [first, last], valueOf) => median(rows.slice(first, last + 1).map(valueOf));
  return held.map(({ move, frames }) => {
    const { value, isRatio, unit } = MOVES[move];
    const change = (side) => {
      const [at, before] = [frames, rest].map((range) => middle(tables.measures, range, (row) => value(row, side)));
      return isRatio ? 100 * (1 - at / before) : at - before;
    };
    const [unitMoved, unitOther] = [moved, other].map((side) =>
      median(tables[side].slice(frames[0], frames[1] + 1).map((row) => Number(row[`${unit}_r`] || NaN))),
    );
    const present = [moved, other].map((side) =>
      mean(tables[side].slice(frames[0], frames[1] + 1).map((row) => Number(row[`${unit}_c`] || 0))),
    );
    return {
      move,
      clip: basename(path, '.mp4'),
      moved: change(moved),
      leak: change(other),
      unitMoved,
      unitOther,
      present,
    };
  });
}

const clips = folders.flatMap(clipsIn);
if (clips.length === 0) {
  console.log(`Skipped: there are no clips in ${folders.join(', ')}.`);
  process.exit();
}
for (const net of nets) {
  const all = [];
  for (const clip of clips) all.push(...(await readClip(clip, net)));
  console.log(`\n### ${net}, --measure ${measure}, ${clips.length} clips\n`);
  console.log(
    '| movement | moved side: mean | of the truth | least to most | other side: mean | farthest | difference of the truth | unit, moved | unit, other | present |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  for (const [move, { size, unit }] of Object.entries(MOVES)) {
    const of = all.filter((each) => each.move === move);
    if (of.length === 0) continue;
    const ratios = of.map((each) => each.moved / size);
    const range = (values, digits) =>
      `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
    console.log(
      `| ${[
        move,
        mean(of.map((each) => each.moved)).toFixed(1),
        mean(ratios).toFixed(2),
        range(ratios, 2),
        mean(of.map((each) => each.leak)).toFixed(2),
        of
          .map((each) => each.leak)
          .reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))
          .toFixed(2),
        (mean(of.map((each) => each.moved - each.leak)) / size).toFixed(2),
        `${unit} ${range(
          of.map((each) => each.unitMoved),
          1,
        )}`,
        range(
          of.map((each) => each.unitOther),
          1,
        ),
        `${of.filter((each) => each.present[0] > 0.5).length}/${of.length}, other ${of.filter((each) => each.present[1] > 0).length}`,
      ].join(' | ')} |`,
    );
  }
  if (process.argv.includes('--each'))
    for (const each of all)
      console.log(
        `${each.clip} ${each.move} ${each.moved.toFixed(2)} / ${each.leak.toFixed(2)}  ${each.unitMoved.toFixed(2)} / ${each.unitOther.toFixed(2)}`,
      );
}
