import { parseSettings } from 'facemirror-core/settings/settings.js';
import { SETTING_NAMES } from 'facemirror-core/settings/table.js';
import { openQueue } from '../queue/bullmq.js';
import { WORKERS_SETTINGS } from '../queue/job-data.js';
import { submitVideos, type Submission } from '../queue/submit.js';
import { openStorage } from '../storage/open-storage.js';
import type { CommandContext, DefineCommand } from './command.js';
import { EXIT, EXIT_CODES } from './exit-codes.js';
import { printable } from './failure.js';
import { addQueueFlags, addressIn, QUEUE_HELP, type QueueOptions } from './queue-flags.js';
import { addSettingFlags, inFlags, settingsAmong } from './setting-flags.js';

const EXAMPLES = `
Examples:
  facemirror submit /mnt/study/visits --queue redis://host/0 --root /mnt/study --out /mnt/study/results
  facemirror submit s3://bucket/study/visits --queue rediss://host/0 --root s3://bucket/study --out s3://bucket/study/results

A job is known by the video's content and the settings: submitting twice does the work once. Submitting again fills gaps and
tries again what failed.
${QUEUE_HELP}
${EXIT_CODES}`;

interface SubmitCommandOptions extends QueueOptions {
  readonly root: string;
  readonly out: string;
  readonly json: boolean;
}

/** `facemirror submit`. */
export const define: DefineCommand = (command, context) => {
  addQueueFlags(command)
    .argument('<path...>', 'video files, or folders whose videos are taken, below the root')
    .requiredOption(
      '--root <folder>',
      'the folder that all machines share, as this one knows it, or s3://bucket/prefix',
    )
    .requiredOption('-o, --out <folder>', 'where the results go, below the root');
  const ofWorkers: readonly string[] = WORKERS_SETTINGS;
  addSettingFlags(
    command,
    SETTING_NAMES.filter((name) => !ofWorkers.includes(name)),
  )
    .option('--json', 'tell the outcome as JSON on standard output', false)
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: SubmitCommandOptions) => {
      process.exitCode = await submit(paths, options, context);
    });
};

async function submit(
  paths: readonly string[],
  options: SubmitCommandOptions,
  { signal }: CommandContext,
): Promise<number> {
  const address = addressIn(options);
  const settings = parseSettings(settingsAmong({ ...options }));
  const storage = await openStorage(options.root);
  const showing = process.stderr.isTTY && !options.json;
  try {
    const queue = await openQueue(address);
    try {
      const result = await submitVideos(queue, storage, {
        paths,
        out: options.out,
        settings,
        signal,
        onVideo: (path, number, count) => {
          if (showing) process.stderr.write(`\r\x1b[K[${number}/${count}] reading ${printable(path).slice(-60)}`);
        },
      });
      if (showing) process.stderr.write('\r\x1b[K');
      process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : summary(result));
      return result.refused.length > 0 ? EXIT.someFailed : EXIT.done;
    } finally {
      await queue.close();
    }
  } finally {
    storage.close();
  }
}

function summary({ queued, queuedBefore, doneBefore, refused }: Submission): string {
  const parts = [`${queued.length} queued`];
  if (queuedBefore.length > 0) parts.push(`${queuedBefore.length} in the queue before`);
  if (doneBefore.length > 0) parts.push(`${doneBefore.length} done before`);
  if (refused.length > 0) parts.push(`${refused.length} refused`);
  const lines = [`${parts.join(', ')}.`];
  for (const { path, sentence } of refused) lines.push(`  ${printable(path)}: ${printable(inFlags(sentence))}`);
  return `${lines.join('\n')}\n`;
}
