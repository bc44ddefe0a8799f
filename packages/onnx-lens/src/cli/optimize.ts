import { dirname, extname, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { OnnxLensError } from '../errors.js';
import { isExternal, tensorsOf } from '../model/parse.js';
import { loadModel } from '../model/load.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { writeFileWhole } from '../files.js';
import { serializeModel } from '../model/serialize.js';
import { readFileSync } from 'node:fs';
import { convertToHalf } from '../prepare/half.js';
import { quantizeModel } from '../prepare/quantize.js';
import { readCalibration } from '../prepare/calibration.js';
import type { ImagePreprocessing } from '../prepare/images.js';
import { COREML_FORMATS, PROVIDERS, type CoreMlFormat, type ProviderName } from '../providers/target.js';
import { releaseNamed } from '../providers/release.js';
import type { TerminalOptions } from '../report/terminal.js';
import { cpuTimeText, optimizationText, proofText } from '../report/optimization-text.js';
import type { RewrittenModel } from '../rewrite/optimize.js';
import { compareCpuTime } from '../rewrite/cpu-time.js';
import { optimizeProven } from '../rewrite/proven.js';
import { proveEqual, type ProofOptions } from '../rewrite/proof.js';
import type { InputRange } from '../rewrite/seeded-inputs.js';
import {
  parseCount,
  parseCounts,
  parseFixedDimensions,
  parseFixedInputs,
  parseNames,
  parseNumbers,
  parseRanges,
  parseRelease,
  parseTolerance,
} from './options.js';
import { refuseUnproven } from './unproven.js';
import { StatusLine } from './status-line.js';
import { terminal, writeText } from './text.js';

interface OptimizeCommandOptions {
  readonly output: string;
  readonly provider: ProviderName | 'cpu';
  readonly format: CoreMlFormat;
  readonly ort?: string;
  readonly fix?: Readonly<Record<string, number>>;
  readonly passes?: readonly string[];
  readonly fp16?: true;
  readonly int8?: true;
  readonly calibration?: string;
  readonly imageMean?: readonly number[];
  readonly imageStd?: readonly number[];
  readonly imageOrder: 'rgb' | 'bgr';
  readonly verify: number;
  readonly seed: number;
  readonly tolerance?: number;
  readonly range?: Readonly<Record<string, InputRange>>;
  readonly batches?: readonly number[];
  readonly sizes?: Readonly<Record<string, number>>;
  readonly fixInput?: Readonly<Record<string, readonly number[]>>;
  readonly keepFp32?: readonly string[];
}

/** How far 16-bit and 8-bit models may be from the original before they are not written. */
const HALF_TOLERANCE = 0.05;

/** `onnx-lens optimize`: rewrites a model for a provider, proves it equal and writes it. */
export function register(program: Command): void {
  program
    .command('optimize')
    .description(
      'Rewrite a model so that a provider takes more of it in fewer partitions, prove that it computes the same, and write it.',
    )
    .argument('<model>', 'an .onnx file')
    .requiredOption('-o, --output <file>', 'the .onnx file to write')
    .addOption(
      new Option('--provider <name>', 'whose coverage decides; cpu applies only what makes less work everywhere')
        .choices([...PROVIDERS, 'cpu'])
        .default('coreml'),
    )
    .addOption(
      new Option(
        '--format <name>',
        "Core ML's model format to rewrite for; coverage shows neuralnetwork when not told otherwise",
      )
        .choices(COREML_FORMATS)
        .default('mlprogram'),
    )
    .addOption(
      new Option(
        '--ort <version>',
        'the ONNX Runtime release whose rules decide, e.g. 1.30, or latest (default: all of them together, so that the result lands well on each)',
      ).argParser(parseRelease),
    )
    .option(
      '--fix <name=size,...>',
      'sizes to fix free dimensions to, e.g. batch_size=1,height=640,width=640',
      parseFixedDimensions,
    )
    .option(
      '--passes <names>',
      'the only rewrites to try, or with "-" in front those to leave out, separated by commas',
      parseNames,
    )
    .option('--fp16', 'also convert the weights and the arithmetic to 16-bit floats')
    .option('--keep-fp32 <names>', 'operators or nodes that --fp16 leaves in 32 bits, separated by commas', parseNames)
    .option(
      '--int8',
      'also quantize convolutions and matrix products to 8 bits (QDQ, per channel); needs --calibration',
    )
    .option(
      '--calibration <folder>',
      'inputs for --int8: pictures (.png, .jpg) or raw float32 (.f32), named after the input where there are several',
    )
    .option(
      '--image-mean <numbers>',
      'what is subtracted from the pixels (0 to 255) of calibration pictures: one number, or one a channel (default: 0)',
      parseNumbers,
    )
    .option('--image-std <numbers>', 'what they are then divided by (default: 255)', parseNumbers)
    .addOption(new Option('--image-order <order>', 'order of their channels').choices(['rgb', 'bgr']).default('rgb'))
    .option('--verify <number>', 'seeded inputs for each batch size in the proof', parseCount, 8)
    .option('--seed <number>', 'seed of the first input', parseCount, 1)
    .option(
      '--tolerance <number>',
      'how far an output may be off: this times max(1, its usual largest |value|), of a whole number this (default: 1e-5; with --fp16 0.05, with --int8 any)',
      parseTolerance,
    )
    .option('--range <name=min..max,...>', 'values of inputs, e.g. image=0..255,mask=0..1', parseRanges)
    .option(
      '--sizes <name=size,...>',
      'sizes of free dimensions in the proof only; they stay free, e.g. C=1,T=16000',
      parseFixedDimensions,
    )
    .option('--fix-input <name=value,...>', 'inputs to replace by a constant, e.g. sr=16000', parseFixedInputs)
    .option('--batches <numbers>', 'batch sizes to prove where the batch is free (default: 1,3)', parseCounts)
    .addHelpText(
      'after',
      `
Examples:
  $ onnx-lens optimize detector.onnx -o detector.coreml.onnx --fix batch_size=1,height=640,width=640
  $ onnx-lens optimize model.onnx -o better.onnx --provider cpu --verify 32
  $ onnx-lens optimize model.onnx -o small.onnx --int8 --calibration photos/`,
    )
    .action(runOptimize);
}

async function runOptimize(path: string, options: OptimizeCommandOptions): Promise<void> {
  checkOptions(options);
  const original = loadModel(path, 'read');
  const page = terminal();
  const { result, bytes } = await rewriteProven(path, original, options, page);
  if (options.fp16 === true || options.int8 === true) {
    // 8 bits are judged on the inputs that they are for; what random numbers make of ranges that were taken from
    // pictures says little.
    const inputs =
      options.int8 === true
        ? readCalibration(options.calibration ?? '', result.model, preprocessingOf(options))
        : undefined;
    const converted =
      inputs === undefined
        ? await convertToHalf(result.model, options.keepFp32)
        : await quantizeModel(result.model, inputs);
    await writeConverted(
      bytes,
      converted,
      options,
      { ...proofOptions(options), ...(inputs === undefined ? {} : { inputs: inputs.slice(0, options.verify) }) },
      page,
    );
  } else if (result.isChanged) {
    await writeModel(options.output, result.model, bytes);
  } else if (leavesWeightsBehind(path, options.output)) {
    await writeText(
      '-',
      'Nothing helps this model; it is written with the weights that stood in files of their own, which are not beside the output.',
    );
    await writeModel(options.output, original, serializeModel(original));
  } else {
    // Nothing helped: the very bytes that were given, not another way of writing them.
    writeFileWhole(options.output, bytes);
    await writeText('-', `Nothing helps this model: ${options.output} is the file as it was.`);
  }
}

/** True when a copy of the file would look for its weights in a folder where they are not. */
function leavesWeightsBehind(path: string, output: string): boolean {
  return dirname(resolve(path)) !== dirname(resolve(output)) && [...tensorsOf(loadModel(path))].some(isExternal);
}

function checkOptions({ output, fp16, int8, calibration }: OptimizeCommandOptions): void {
  if (extname(output).toLowerCase() !== '.onnx')
    throw new OnnxLensError('USAGE', `The output ${output} should end in .onnx.`);
  if (int8 === true && fp16 === true) throw new OnnxLensError('USAGE', 'Give --fp16 or --int8, not both.');
  if (int8 === true && calibration === undefined) {
    throw new OnnxLensError(
      'USAGE',
      '--int8 needs --calibration, a folder of inputs that are like those the model will get.',
    );
  }
}

/** Rewrites and proves: the bytes that come back are the ones that the proof was run on. */
async function rewriteProven(
  path: string,
  original: ModelProto,
  options: OptimizeCommandOptions,
  page: TerminalOptions,
): Promise<{ result: RewrittenModel; bytes: Uint8Array }> {
  const { provider, format, fix, fixInput, passes } = options;
  const release = options.ort === undefined ? undefined : releaseNamed(options.ort);
  for (const note of release?.notes ?? []) process.stderr.write(`${note}\n`);
  const settings = {
    provider,
    format,
    name: path,
    ...(release === undefined ? {} : { ort: release.ort }),
    ...(fix === undefined ? {} : { fix }),
    ...(fixInput === undefined ? {} : { fixInputs: fixInput }),
  };
  const status = new StatusLine();
  try {
    const { result, bytes, proof, leftOut } = await optimizeProven(
      original,
      path,
      {
        ...settings,
        ...(passes === undefined ? {} : { passes }),
        onProgress: ({ step, rewrite, done, total }) =>
          status.show(`${Math.floor((100 * done) / total)} %  ${step} ${rewrite}`),
        onProof: () => status.show('proving that both compute the same'),
      },
      { ...proofOptions(options), dataFolder: dirname(path) },
    );
    status.clear();
    await writeText('-', optimizationText(result, page));
    if (leftOut.length > 0)
      await writeText('-', `Left out, because the proof does not hold with them: ${leftOut.join(', ')}.`);
    // The very file needs no proof, and may have inputs that cannot be made up.
    if (bytes === undefined || proof === undefined) return { result, bytes: readFileSync(path) };
    await writeText('-', proofText('Proof: the rewritten model against the original', proof, page));
    if (!proof.holds) refuseUnproven(proof, options.output);
    if (provider !== 'cpu' && options.fp16 !== true && options.int8 !== true) {
      status.show('measuring both on the CPU');
      const times = await compareCpuTime(path, bytes, { ...proofOptions(options), dataFolder: dirname(path) });
      status.clear();
      if (times !== undefined) await writeText('-', cpuTimeText(times, page));
    }
    return { result, bytes };
  } finally {
    status.clear();
  }
}

async function writeConverted(
  rewritten: Uint8Array,
  converted: ModelProto,
  options: OptimizeCommandOptions,
  how: ProofOptions,
  page: TerminalOptions,
): Promise<void> {
  const bits = options.fp16 === true ? '16-bit floats' : '8 bits';
  // Quantizing is a trade: its error is shown, and only a limit that was asked for stops it.
  const tolerance = options.tolerance ?? (options.fp16 === true ? HALF_TOLERANCE : Infinity);
  const bytes = serializeModel(converted);
  const proof = await proveEqual(rewritten, bytes, { ...how, tolerance });
  await writeText('-', proofText(`Error of ${bits}, against the rewritten model`, proof, page));
  if (!proof.holds) refuseUnproven(proof, options.output);
  await writeModel(options.output, converted, bytes);
}

async function writeModel(output: string, model: ModelProto, bytes: Uint8Array): Promise<void> {
  writeFileWhole(output, bytes);
  await writeText(
    '-',
    `Wrote ${output}: ${model.graph?.node.length ?? 0} nodes, ${bytes.length.toLocaleString('en')} bytes.`,
  );
}

function proofOptions(options: OptimizeCommandOptions): ProofOptions {
  const { verify, seed, tolerance, range, batches, sizes, fixInput } = options;
  return {
    samples: verify,
    seed,
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(range === undefined ? {} : { ranges: range }),
    ...(batches === undefined ? {} : { batches }),
    ...(sizes === undefined ? {} : { sizes }),
    ...(fixInput === undefined ? {} : { fixedInputs: fixInput }),
  };
}

function preprocessingOf({ imageMean, imageStd, imageOrder }: OptimizeCommandOptions): ImagePreprocessing {
  return {
    order: imageOrder,
    ...(imageMean === undefined ? {} : { mean: imageMean }),
    ...(imageStd === undefined ? {} : { std: imageStd }),
  };
}
