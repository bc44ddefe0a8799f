import { Option, type Command } from 'commander';
import {
  COMPILE_PROVIDERS,
  compileModel,
  ensureCompiled,
  type CompileManifest,
  type CompileOptions,
  type CompileProvider,
} from '../prepare/compile.js';
import { bytes, milliseconds } from '../report/format.js';
import { Session, type SessionOptions } from '../runtime/session.js';
import { parseFixedDimensions } from './options.js';
import { StatusLine } from './status-line.js';
import { writeText } from './text.js';

interface CompileCommandOptions {
  readonly output: string;
  readonly provider: CompileProvider;
  readonly fix?: Readonly<Record<string, number>>;
  readonly asIs?: true;
  readonly keep?: true;
}

/** Sessions opened for each figure; the median counts. */
const OPENINGS = 5;

/** `onnx-lens compile`: does at once what ONNX Runtime does at every session creation. */
export function register(program: Command): void {
  program
    .command('compile')
    .description(
      'Do once what ONNX Runtime does at every start: optimize the graph and arrange the weights for this machine.',
    )
    .argument('<model>', 'an .onnx file')
    .requiredOption('-o, --output <folder>', 'the folder to write; replaced if it exists')
    .addOption(
      new Option('--provider <name>', 'the execution provider to compile for')
        .choices(COMPILE_PROVIDERS)
        .default('cpu'),
    )
    .option('--fix <name=size,...>', 'sizes to fix free dimensions to, e.g. batch_size=1', parseFixedDimensions)
    .option('--as-is', 'leave the graph to ONNX Runtime, without folding constants first')
    .option('--keep', 'keep an existing compiled model that fits')
    .addHelpText(
      'after',
      `
Writes model.onnx (open it with graph optimization disabled), weights.bin and manifest.json, which says what they were
made of and for: they open faster, on this machine, with this ONNX Runtime.

Examples:
  $ onnx-lens compile detector.onnx -o cache/detector
  $ onnx-lens compile detector.onnx -o cache/detector --fix height=640,width=640 --keep`,
    )
    .action(runCompile);
}

async function runCompile(path: string, { output, provider, fix, asIs, keep }: CompileCommandOptions): Promise<void> {
  const status = new StatusLine();
  const options: CompileOptions = {
    provider,
    simplify: asIs !== true,
    onProgress: ({ rewrite, done, total }) =>
      status.show(`${Math.floor((100 * done) / total)} %  simplifying: ${rewrite}`),
    ...(fix === undefined ? {} : { fix }),
  };
  if (keep === true) {
    const { rebuilt } = await ensureCompiled(path, output, options).finally(() => status.clear());
    await writeText('-', rebuilt === null ? `${output} is up to date.` : rebuilt);
  } else {
    await compileModel(path, output, options).finally(() => status.clear());
  }
  const { modelPath, manifest } = await ensureCompiled(path, output, options);
  const shapes = fix === undefined ? {} : { freeDimensions: fix };
  const [before, after] = await medianOpenings([path, shapes], [modelPath, { optimization: 'disabled' }]);
  const size = Object.values(manifest.files).reduce((sum, each) => sum + each, 0);
  await writeText(
    '-',
    [
      ...simplificationText(manifest.simplification),
      `Compiled ${path} for ${provider}, ONNX Runtime ${manifest.ort}: ${bytes(size)} in ${output}.`,
      `Session creation: ${milliseconds(before)} from the model, ${milliseconds(after)} from ${modelPath}, ${(before / after).toFixed(1)} times faster (median of ${OPENINGS}).`,
    ].join('\n'),
  );
}

function simplificationText(simplification: CompileManifest['simplification']): string[] {
  if (simplification?.kind === 'simplified')
    return [`Simplified first, every output the same to the last bit: ${simplification.rewrites.join(', ')}.`];
  if (simplification?.reason == null) return [];
  return [`Not simplified first: ${simplification.reason}`];
}

type Opening = readonly [path: string, options: SessionOptions];

/** Medians of both in milliseconds, opened in turn so that whatever else the machine does falls on both. */
async function medianOpenings(first: Opening, second: Opening): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < OPENINGS; round++) {
    times[0].push(await timeOpening(first));
    times[1].push(await timeOpening(second));
  }
  const [before, after] = times.map((each) => each.toSorted((a, b) => a - b)[OPENINGS >> 1] ?? 0);
  return [before ?? 0, after ?? 0];
}

async function timeOpening([path, options]: Opening): Promise<number> {
  const start = performance.now();
  const session = await Session.open(path, options);
  const elapsed = performance.now() - start;
  await session.close();
  return elapsed;
}
