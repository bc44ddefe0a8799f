import { Option, type Command } from 'commander';
import { IOS_VERSIONS, type IosVersion } from 'onnx-lens';
import { SUITE_NAMES } from 'facemirror-core/suites/suite.js';
import { exportSuite } from '../suites/core-ml-packages.js';
import { requireSuiteName } from '../suites/suites.js';
import { megabytes } from '../wording.js';
import { wholeNumber } from './numbers.js';

interface ExportCommandOptions {
  readonly out: string;
  readonly fp16?: true;
  readonly ios: string;
  readonly force?: true;
  readonly height: number;
  readonly width: number;
  readonly models?: string;
  readonly randomInit?: number;
}

/** Adds `facemirror models export`: a suite's networks as Core ML packages, for people who build a Mac or iOS app. */
export function registerExport(models: Command): void {
  models
    .command('export')
    .description("Write a suite's networks as Core ML packages that take pictures, each proven against the network.")
    .argument('<suite>', SUITE_NAMES.join(' or '))
    .requiredOption('-o, --out <folder>', 'where the .mlpackage folders go')
    .option('--fp16', 'compute in 16-bit floats, which the Neural Engine needs')
    .addOption(
      new Option('--ios <version>', 'the oldest iOS that must run them')
        .choices(IOS_VERSIONS.map(String))
        .default('16'),
    )
    .option('--height <pixels>', "height of RetinaFace's picture, a multiple of 32", wholeNumber(32), 640)
    .option('--width <pixels>', 'and its width', wholeNumber(32), 640)
    .option('--models <folder>', 'where your model files are')
    .option('--random-init <seed>', 'seed of made-up weights, instead of the files of openface3', wholeNumber(0))
    .option('--force', 'replace packages that are there')
    .action((suite: string, options: ExportCommandOptions) => exportModels(suite, options));
}

async function exportModels(suite: string, options: ExportCommandOptions): Promise<void> {
  const name = requireSuiteName(suite);
  const written = exportSuite(name, {
    out: options.out,
    half: options.fp16 === true,
    ios: Number(options.ios) as IosVersion, // commander has checked it against the choices
    force: options.force === true,
    height: options.height,
    width: options.width,
    ...(options.models === undefined ? {} : { modelsFolder: options.models }),
    ...(options.randomInit === undefined ? {} : { randomInit: options.randomInit }),
  });
  for await (const { path, result } of written) {
    const [main] = result.encoded.functions;
    const [own] = result.functions;
    const worst = Math.max(...(own?.error ?? []).map(({ max }) => max));
    const error = own?.error === undefined ? '' : `; in half floats off by at most ${worst.toPrecision(2)}`;
    print(
      `${path}: ${megabytes(result.encoded.bytes)}, ${own?.proof.isIdentical === true ? 'bit-identical' : 'proven'}${error}`,
    );
    for (const input of main?.inputs ?? [])
      print(
        `  in   ${input.name}: ${input.kind === 'image' ? `picture (${input.colours ?? ''})` : input.type} [${input.shape.join(', ')}]`,
      );
    for (const output of main?.outputs ?? [])
      print(`  out  ${output.name}: ${output.type} [${output.shape.join(', ')}]`);
    for (const warning of result.warnings) print(`  note ${warning}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
