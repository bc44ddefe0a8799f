import { Option, type Command } from 'commander';
import { measureBatchCurve, type BatchCurve } from '../prepare/batch-curve.js';
import { bytes, milliseconds } from '../report/format.js';
import { TextPage } from '../report/terminal.js';
import { parseCount, parseCounts, parseFixedDimensions } from './options.js';
import { terminal, writeText } from './text.js';

interface BatchCurveCommandOptions {
  readonly threads: readonly number[];
  readonly largest: number;
  readonly runs: number;
  readonly size?: Readonly<Record<string, number>>;
  readonly json?: true;
}

/** `onnx-lens batch-curve`: what a larger batch brings, until it stops paying. */
export function register(program: Command): void {
  program
    .command('batch-curve')
    .description(
      'Measure the time per item and the memory of batches 1, 2, 4 and so on, until a larger batch stops paying.',
    )
    .argument('<model>', 'an .onnx file whose batch is free')
    .addOption(
      new Option('--threads <numbers>', 'thread counts to measure').argParser(parseCounts).default([1, 2], '1,2'),
    )
    .option('--largest <number>', 'largest batch to try', parseCount, 64)
    .option('--runs <number>', 'timed runs for each point', parseCount, 5)
    .option('--size <name=size,...>', 'sizes of other free dimensions, e.g. height=640,width=640', parseFixedDimensions)
    .option('--json', 'print JSON instead of text')
    .addHelpText(
      'after',
      `
Examples:
  $ onnx-lens batch-curve action_units.onnx --threads 1,2,4
  $ onnx-lens batch-curve detector.onnx --size height=640,width=640 --largest 8`,
    )
    .action(runBatchCurve);
}

async function runBatchCurve(
  path: string,
  { threads, largest, runs, size, json }: BatchCurveCommandOptions,
): Promise<void> {
  const curves = await measureBatchCurve(path, {
    threads,
    largest,
    runs,
    ...(size === undefined ? {} : { sizes: size }),
  });
  await writeText('-', json === true ? JSON.stringify({ model: path, curves }, null, 2) : curvesText(curves));
}

const WIDEST_BAR = 32;

function curvesText(curves: readonly BatchCurve[]): string {
  const page = new TextPage(terminal());
  const slowest = Math.max(...curves.flatMap((curve) => curve.points.map((point) => point.msPerItem)));
  for (const { threads, points, knee } of curves) {
    page.section(`${threads} ${threads === 1 ? 'thread' : 'threads'}`, {
      columns: [
        { title: 'Batch', isNumber: true },
        { title: 'An item', isNumber: true },
        { title: 'Memory', isNumber: true },
        { title: '', isNumber: false },
      ],
      rows: points.map(({ batch, msPerItem, memoryBytes }) => [
        String(batch),
        milliseconds(msPerItem),
        bytes(memoryBytes),
        `${'█'.repeat(Math.max(1, Math.round((WIDEST_BAR * msPerItem) / slowest)))}${batch === knee ? ' ← the knee' : ''}`,
      ]),
    });
  }
  return page.toString();
}
