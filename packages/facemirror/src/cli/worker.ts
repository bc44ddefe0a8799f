import { DEFAULT_SETTINGS } from 'facemirror-core/settings/settings.js';
import { requireModelsFolder } from '../models/models-folder.js';
import { requireQueue } from '../queue/bullmq.js';
import { automaticSlots } from '../queue/slots.js';
import type { WorkerEvent } from '../queue/worker.js';
import { openStorage } from '../storage/open-storage.js';
import type { CommandContext, DefineCommand } from './command.js';
import { printable } from './failure.js';
import { numberWithin, wholeNumber } from './numbers.js';
import { addQueueFlags, addressIn, QUEUE_HELP, type QueueOptions } from './queue-flags.js';
import { addSettingFlags, inFlags, settingsAmong } from './setting-flags.js';

const EXAMPLES = `
Examples:
  facemirror worker --queue redis://host/0 --root /mnt/study
  facemirror worker --queue redis://host/0 --root /mnt/study --slots 4 --until-empty

SIGTERM or Ctrl-C: the worker takes no more videos, finishes those that end within --grace, and gives the others back.
A second one ends it at once; others take its videos over after --lost-after.
${QUEUE_HELP}`;

/** Settings that a worker decides for itself; results do not depend on them. */
const OWN = ['provider', 'modelsFolder', 'workers', 'isolation', 'batch'] as const;

/** After the work is done, what still holds the process (a queue that is away) is waited for no longer than this. */
const LEAVE_MS = 2000;

interface WorkerCommandOptions extends QueueOptions {
  readonly root: string;
  readonly slots: number | 'auto';
  readonly grace: number;
  readonly lostAfter: number;
  readonly untilEmpty: boolean;
  readonly json: boolean;
}

/** `facemirror worker`. */
export const define: DefineCommand = (command, context) => {
  addQueueFlags(command)
    .requiredOption(
      '--root <folder>',
      'the folder that all machines share, as this one knows it, or s3://bucket/prefix',
    )
    .option(
      '--slots <number>',
      'videos at once; auto: one for every two cores, where the memory holds them',
      wholeNumber(1, 256, 'auto'),
      'auto',
    )
    .option('--grace <seconds>', 'how long it may finish videos when it is told to stop', numberWithin(0, 86_400), 20)
    .option('--lost-after <seconds>', 'a worker without a sign of life for so long is lost', numberWithin(2, 3600), 60)
    .option('--until-empty', 'end when no video waits any more and none is under way', false);
  addSettingFlags(command, OWN)
    .option('--json', 'tell everything as JSON lines on standard output', false)
    .addHelpText('after', EXAMPLES)
    .action((options: WorkerCommandOptions) => work(options, context));
};

async function work(options: WorkerCommandOptions, { signal }: CommandContext): Promise<void> {
  const address = addressIn(options);
  const ownSettings = Object.fromEntries(
    Object.entries(settingsAmong({ ...options })).filter(([name]) => OWN.some((own) => own === name)),
  );
  const { modelsFolder = DEFAULT_SETTINGS.modelsFolder } = ownSettings as { modelsFolder?: string | null };
  if (modelsFolder !== null) await requireModelsFolder(modelsFolder);
  const storage = await openStorage(options.root);
  try {
    await requireQueue(address);
    const { runWorker } = await import('../queue/worker.js');
    await runWorker({
      address,
      storage,
      slots: options.slots === 'auto' ? automaticSlots() : options.slots,
      ownSettings,
      signal,
      graceSeconds: options.grace,
      lostAfterSeconds: options.lostAfter,
      untilEmpty: options.untilEmpty,
      onEvent: (event) => {
        if (options.json) process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
        else process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${printable(inFlags(inWords(event)))}\n`);
      },
    });
  } finally {
    storage.close();
    setTimeout(() => process.exit(), LEAVE_MS).unref();
  }
}

function inWords(event: WorkerEvent): string {
  switch (event.kind) {
    case 'ready':
      return `Waiting for videos, ${event.slots} at once. Ctrl-C ends the worker.`;
    case 'started':
      return `${event.video}${event.attempt > 1 ? ` (attempt ${event.attempt})` : ''}`;
    case 'done':
      return `${event.video}: done${event.seconds === 0 ? ' before' : ` in ${event.seconds.toFixed(1)} s`}`;
    case 'failed':
      return `${event.video}: ${event.sentence}${event.isLast ? '' : ' It will be tried again.'}`;
    case 'refused':
      return `${event.video}: refused. ${event.sentence}`;
    case 'given-back':
      return `${event.video}: given back`;
    case 'cancelled':
      return `${event.video}: cancelled`;
    case 'taken-over':
      return `${event.video}: stopped, as the queue has given it to another worker`;
    case 'draining':
      return `Ending: ${event.running} under way.`;
    case 'queue-away':
    case 'queue-back':
      return event.sentence;
  }
}
