import { extname } from 'node:path';
import { Option, type Command } from 'commander';
import { OnnxLensError } from '../errors.js';
import { importTflite } from '../import/tflite/load.js';
import { saveModel } from '../model/save.js';

interface ImportOptions {
  readonly output: string;
  readonly half: 'widen' | 'keep';
  readonly channelsSecond?: true;
}

/** `onnx-lens import`: a model of another format becomes an .onnx file. */
export function register(program: Command): void {
  program
    .command('import')
    .description('Turn a TensorFlow Lite model into an ONNX model that computes the same.')
    .argument('<model>', 'a .tflite file')
    .requiredOption('-o, --output <file>', 'the .onnx file to write')
    .addOption(
      new Option('--half <rule>', 'half-float weights: widen them to float32, or keep them')
        .choices(['widen', 'keep'])
        .default('widen'),
    )
    .option('--channels-second', 'let image inputs be batch, channels, height, width instead of the original order')
    .addHelpText(
      'after',
      `
Examples:
  $ onnx-lens import face_detector.tflite -o face_detector.onnx
  $ onnx-lens import face_detector.tflite -o face_detector.onnx --channels-second --half keep`,
    )
    .action((path: string, options: ImportOptions) => runImport(path, options));
}

function runImport(path: string, options: ImportOptions): void {
  if (extname(options.output).toLowerCase() !== '.onnx') {
    throw new OnnxLensError('USAGE', `The output ${options.output} should end in .onnx.`);
  }
  const notes: string[] = [];
  const model = importTflite(path, {
    onNote: (note) => notes.push(note),
    halfWeights: options.half,
    imageInputs: options.channelsSecond === true ? 'channels-second' : 'original',
  });
  saveModel(model, options.output);
  const nodes = model.graph?.node ?? [];
  const transposes = nodes.filter((node) => node.opType === 'Transpose').length;
  const opset = model.opsetImport.find(({ domain }) => domain === '')?.version ?? 17n;
  process.stdout.write(
    `Wrote ${options.output}: ${nodes.length} nodes, ${transposes} of them Transpose, opset ${opset}.\n`,
  );
  for (const note of notes) process.stdout.write(`${note}\n`);
}
