import { extname } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { OnnxLensError } from '../errors.js';
import { exportCoreMl } from '../export/coreml/export.js';
import { IOS_VERSIONS, type CoreMlExportOptions, type IosVersion } from '../export/coreml/options.js';
import { withImageInput, type ImageInput } from '../export/coreml/image-input.js';
import { fixForPicture, type PictureSize } from '../export/coreml/input-sizes.js';
import type { PackageMetadata } from '../export/coreml/package.js';
import { refuseExisting, writePackage } from '../export/coreml/write-files.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { loadModel } from '../model/load.js';
import { readCalibration } from '../prepare/calibration.js';
import { exportText } from '../report/export-text.js';
import { fixDimensions } from '../rewrite/fix-dimensions.js';
import type { InputRange } from '../rewrite/seeded-inputs.js';
import { parseCount, parseFixedDimensions, parseNames, parseNumbers, parseRanges, parseTolerance } from './options.js';
import { StatusLine } from './status-line.js';
import { readText, terminal, writeText } from './text.js';

interface ExportOptions {
  readonly output: string;
  readonly fix?: Readonly<Record<string, number>>;
  readonly fp16?: true;
  readonly int8Weights?: true;
  readonly ios: IosVersion;
  readonly image?: readonly string[];
  readonly imageMean?: readonly number[];
  readonly imageStd?: readonly number[];
  readonly imageOrder: 'rgb' | 'bgr';
  readonly labels?: string;
  readonly metadata?: PackageMetadata;
  readonly inputSizes?: readonly PictureSize[];
  readonly asIs?: true;
  readonly force?: true;
  readonly calibration?: string;
  readonly verify: number;
  readonly seed: number;
  readonly tolerance?: number;
  readonly range?: Readonly<Record<string, InputRange>>;
}

/** `onnx-lens export`: an ONNX model becomes a Core ML package, with the proof. */
export function register(program: Command): void {
  program
    .command('export')
    .description(
      'Turn an ONNX model into a Core ML package (.mlpackage) on any machine, prove that it computes the same, and write it.',
    )
    .argument('<model>', 'an .onnx file')
    .requiredOption('-o, --output <folder>', 'the .mlpackage to write')
    .option(
      '--fix <name=size,...>',
      'sizes to fix free dimensions to, e.g. batch_size=1,height=640,width=640',
      parseFixedDimensions,
    )
    .option(
      '--input-sizes <sizes>',
      'widths and heights of the picture input, e.g. 640x640,960x540; several become functions of one package (needs --ios 18)',
      parseSizes,
    )
    .option('--fp16', 'compute in 16-bit floats, which the Neural Engine needs; inputs and outputs stay float32')
    .option('--int8-weights', 'write the larger weights as 8-bit numbers (needs --ios 16 or newer)')
    .addOption(
      new Option(
        '--ios <version>',
        'the oldest iOS that must run the package (15 is macOS 12, 16 is macOS 13, and so on)',
      )
        .choices(IOS_VERSIONS.map(String))
        .default(16)
        .argParser(parseIos),
    )
    .option('--image <names>', 'inputs that are to take pictures, separated by commas', parseNames)
    .option(
      '--image-mean <numbers>',
      'what is subtracted from the pixels (0 to 255): one number, or one a channel (default: 0)',
      parseNumbers,
    )
    .option('--image-std <numbers>', 'what they are then divided by (default: 255)', parseNumbers)
    .addOption(
      new Option('--image-order <order>', "order of the network's channels").choices(['rgb', 'bgr']).default('rgb'),
    )
    .option('--labels <file>', 'class names, one a line: the package becomes a classifier of its first output')
    .option('--metadata <key=value,...>', 'author, license, version, description, and keys of your own', parseMetadata)
    .option('--as-is', 'do not rewrite the graph first; only constants are computed')
    .option(
      '--calibration <folder>',
      'pictures (.png, .jpg) or raw float32 (.f32) to measure the error of --fp16 and --int8-weights on',
    )
    .option('--verify <number>', 'seeded inputs in the proof', parseCount, 8)
    .option('--seed <number>', 'seed of the first input', parseCount, 1)
    .option(
      '--tolerance <number>',
      'how far an output may be off: this times max(1, its usual largest |value|) (default: 1e-5; with --fp16 0.05, with --int8-weights any)',
      parseTolerance,
    )
    .option('--range <name=min..max,...>', 'values of inputs, e.g. image=0..255,mask=0..1', parseRanges)
    .option('--force', 'replace an existing package')
    .addHelpText(
      'after',
      `
Examples:
  $ onnx-lens export model.onnx -o Model.mlpackage --fp16
  $ onnx-lens export detector.onnx -o Detector.mlpackage --fix batch_size=1,height=640,width=640
  $ onnx-lens export classifier.onnx -o Classifier.mlpackage --fp16 --image input --image-mean 123.7,116.3,103.5 --image-std 58.4,57.1,57.4 --labels classes.txt`,
    )
    .action(runExport);
}

async function runExport(path: string, options: ExportOptions): Promise<void> {
  if (extname(options.output).toLowerCase() !== '.mlpackage')
    throw new OnnxLensError('USAGE', `The output ${options.output} should end in .mlpackage.`);
  // Before the work, not after it.
  refuseExisting(options.output, options.force === true);
  const model = loadModel(path, 'read');
  const status = new StatusLine();
  try {
    const result = await exportCoreMl(model, {
      ...libraryOptions(path, model, options),
      onProgress: (step) => status.show(step),
    });
    status.clear();
    writePackage(options.output, result.encoded, options.force === true);
    await writeText('-', exportText(path, result, terminal()));
    await writeText('-', `Wrote ${options.output}: ${result.encoded.bytes.toLocaleString('en')} bytes.`);
  } finally {
    status.clear();
  }
}

function libraryOptions(path: string, model: ModelProto, options: ExportOptions): CoreMlExportOptions {
  const image: ImageInput = {
    order: options.imageOrder,
    ...(options.imageMean === undefined ? {} : { mean: options.imageMean }),
    ...(options.imageStd === undefined ? {} : { std: options.imageStd }),
  };
  const images = Object.fromEntries((options.image ?? []).map((name) => [name, image]));
  const sizes = options.inputSizes?.map((size, _, all) => ({
    name: all.length === 1 ? 'main' : `size_${size.width}x${size.height}`,
    fix: fixForPicture(model, size, options.image?.[0]),
  }));
  const { fix, metadata, tolerance, range } = options;
  const feeds =
    options.calibration === undefined
      ? undefined
      : calibrationFeeds(options.calibration, model, { ...fix, ...sizes?.[0]?.fix }, images, image);
  return {
    name: path,
    ios: options.ios,
    half: options.fp16 === true,
    int8Weights: options.int8Weights === true,
    asIs: options.asIs === true,
    images,
    samples: options.verify,
    seed: options.seed,
    ...(fix === undefined ? {} : { fix }),
    ...(sizes === undefined ? {} : { sizes }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(range === undefined ? {} : { ranges: range }),
    ...(feeds === undefined ? {} : { feeds }),
    ...(options.labels === undefined ? {} : { labels: readLabels(options.labels) }),
  };
}

/** Calibration inputs as the package takes them: pixels for pictures, prepared numbers for other inputs. */
function calibrationFeeds(
  folder: string,
  model: ModelProto,
  fix: Readonly<Record<string, number>>,
  images: Readonly<Record<string, ImageInput>>,
  image: ImageInput,
) {
  const fixed = fixDimensions(model, fix);
  const names = Object.keys(images);
  if (names.length === 0) return readCalibration(folder, fixed, image);
  const asPictures = names.reduce((each, name) => withImageInput(each, name, image).model, fixed);
  return readCalibration(folder, asPictures, { mean: [0], std: [1], order: image.order ?? 'rgb' });
}

function readLabels(path: string): string[] {
  return readText(path)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function parseIos(value: string): IosVersion {
  const found = IOS_VERSIONS.find((version) => String(version) === value);
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${IOS_VERSIONS.join(', ')}.`);
  return found;
}

function parseSizes(value: string): PictureSize[] {
  return value.split(',').map((each) => {
    const [, width, height] = /^([1-9][0-9]{0,5})x([1-9][0-9]{0,5})$/i.exec(each.trim()) ?? [];
    if (width === undefined) throw new InvalidArgumentError(`"${each}" is not width x height, such as 640x480.`);
    return { width: Number(width), height: Number(height) };
  });
}

/** Commas separate entries only where a key follows, so that texts may hold them. */
function parseMetadata(value: string): PackageMetadata {
  const entries = value.split(/,(?=[A-Za-z_][\w.-]*=)/).map((each) => {
    const split = each.indexOf('=');
    if (split < 1) throw new InvalidArgumentError(`"${each}" is not key=value.`);
    return [each.slice(0, split).trim(), each.slice(split + 1).trim()] as const;
  });
  const known = new Map(entries);
  const own = entries.filter(([key]) => !['author', 'license', 'licence', 'version', 'description'].includes(key));
  const pick = (key: string, ...names: string[]) => {
    const found = names.map((name) => known.get(name)).find((each) => each !== undefined);
    return found === undefined ? {} : { [key]: found };
  };
  return {
    ...pick('author', 'author'),
    ...pick('license', 'license', 'licence'),
    ...pick('version', 'version'),
    ...pick('description', 'description'),
    userDefined: Object.fromEntries(own),
  };
}
