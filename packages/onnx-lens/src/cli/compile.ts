import { join } from 'node:path';
import type { Command } from 'commander';
import { COMPILE_PROVIDERS, compileModel, ensureCompiled, type CompileProvider } from '../prepare/compile.js';
import { bytes, milliseconds } from '../report/format.js';
import { Session, type SessionOptions } from '../runtime/session.js';
import { oneOf, parseFixedDimensions } from './options.js';
import { writeText } from './text.js';

interface CompileCommandOptions {
  readonly output: string;
  readonly provider: CompileProvider;
  readonly fix?: Readonly<Record<string, number>>;
  readonly keep?: true;
}

/** Sessions opened for each figure; the median counts. */
const OPENINGS = 3;

/** `onnx-lens compile`: does at once what ONNX Runtime does at every session creation. */
export function register(program: Command): void {
  program
    .command('compile')
    .description('Do once what ONNX Runtime does at every start: optimize the graph and arrange the weights for this machine.')
    .argument('<model>', 'an .onnx file')
    .requiredOption('-o, --output <folder>', 'the folder to write; replaced when it is there')
    .option('--provider <name>', 'for which provider', oneOf(COMPILE_PROVIDERS), 'cpu')
    .option('--fix <sizes>', 'fix free dimensions, e.g. batch_size=1', parseFixedDimensions)
    .option('--keep', 'keep a compiled model that is there and fits')
    .addHelpText('after', '\nExample:\n  $ onnx-lens compile detector.onnx -o cache/detector\n')
    .action(runCompile);
}

async function runCompile(path: string, { output, provider, fix, keep }: CompileCommandOptions): Promise<void> {
  const options = { provider, ...(fix === undefined ? {} : { fix }) };
  if (keep === true) {
    const { rebuilt } = await ensureCompiled(path, output, options);
    await writeText('-', rebuilt === null ? `${output} is up to date.` : rebuilt);
  } else {
    await compileModel(path, output, options);
  }
  const compiled = await ensureCompiled(path, output, options);
  const shapes = fix === undefined ? {} : { freeDimensions: fix };
  const before = await medianOpening(path, shapes);
  const after = await medianOpening(compiled.modelPath, { optimization: 'disabled' });
  const size = Object.values(compiled.manifest.files).reduce((sum, each) => sum + each, 0);
  await writeText(
    '-',
    [
      `Compiled ${path} for ${provider}, ONNX Runtime ${compiled.manifest.ort}: ${bytes(size)} in ${output}.`,
      `Session creation: ${milliseconds(before)} from the model, ${milliseconds(after)} from ${join(output, compiled.manifest.model)}, ${(before / after).toFixed(1)} times faster (median of ${OPENINGS}).`,
    ].join('\n'),
  );
}

async function medianOpening(path: string, options: SessionOptions): Promise<number> {
  const times: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
    const start = performance.now();
    const session = await Session.open(path, options);
    times.push(performance.now() - start);
    await session.close();
  }
  return times.toSorted((a, b) => a - b)[Math.floor(OPENINGS / 2)] ?? 0;
}
