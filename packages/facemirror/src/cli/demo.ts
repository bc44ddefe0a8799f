import { join } from 'node:path';
import { Option } from 'commander';
import { EXAM_VARIANTS, type ExamVariant } from '../demo/exam/exam-timeline.js';
import { writeDemo, writeExam } from '../demo/write-demo.js';
import { prepareFolder } from '../results/outputs.js';
import type { DefineCommand } from './command.js';
import { addRunOptions, runAndTell, type RunOptions } from './run.js';

const DEFAULT_FOLDER = 'demo';

/** `facemirror demo`. */
export const define: DefineCommand = (command, context) => {
  addRunOptions(command, DEFAULT_FOLDER)
    .addOption(
      new Option(
        '--exam [variant]',
        'make a scripted facial examination of 75 seconds: healthy (default), with a weak left side, or with a left mouth that moves when the eyes close',
      )
        .choices(EXAM_VARIANTS)
        .preset('healthy'),
    )
    .action(async (options: RunOptions & { readonly exam?: ExamVariant }) => {
      await prepareFolder(options.out);
      const { video, truth } =
        options.exam === undefined
          ? await writeDemo(options.out, context.signal)
          : await writeExam(options.out, { variant: options.exam }, context.signal);
      if (!options.json) process.stderr.write(`Made ${video}; what it truly shows is in ${truth}.\n`);
      process.exitCode = await runAndTell([video], { ...options, out: join(options.out, 'results') }, context);
    });
};
