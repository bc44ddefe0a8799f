import { setTimeout as delay } from 'node:timers/promises';
import { openQueue } from '../queue/bullmq.js';
import { chosenJobs, listJobs, removeJobs, retryJobs, type ListedJob, type QueueListing } from '../queue/listing.js';
import { counted } from '../wording.js';
import type { CommandContext, DefineCommand } from './command.js';
import { printable } from './failure.js';
import { duration } from './progress.js';
import { addQueueFlags, addressIn, QUEUE_HELP, type QueueOptions } from './queue-flags.js';
import { inFlags } from './setting-flags.js';

const EXAMPLES = `
Examples:
  facemirror jobs --queue redis://host/0                     counts, what runs, what failed and why
  facemirror jobs --queue redis://host/0 --watch             the same, again and again
  facemirror jobs --queue redis://host/0 --json              every job, for programs
  facemirror jobs --queue redis://host/0 --retry             all that failed once more
  facemirror jobs --queue redis://host/0 --remove done       forget what is done; results stay

Jobs are named by the first letters of their id, or as all, failed, done or waiting.
${QUEUE_HELP}`;

/** Between two looks with --watch. */
const LOOK_MS = 2000;
/** Failures that are shown without --all. */
const MOST_SHOWN = 20;

interface JobsOptions extends QueueOptions {
  readonly watch: boolean;
  readonly json: boolean;
  readonly all: boolean;
  readonly retry?: readonly string[] | true;
  readonly remove?: readonly string[];
  readonly pause: boolean;
  readonly resume: boolean;
}

/** `facemirror jobs`. */
export const define: DefineCommand = (command, context) => {
  addQueueFlags(command)
    .option('--watch', 'look again every two seconds', false)
    .option('--all', 'show every job', false)
    .option('--retry [job...]', 'try jobs again; all that failed, if none is named')
    .option('--remove <job...>', 'remove jobs; those that run are stopped')
    .option('--pause', 'let no worker begin another video', false)
    .option('--resume', 'end the pause', false)
    .option('--json', 'tell everything as JSON on standard output; with --watch a line for each look', false)
    .addHelpText('after', EXAMPLES)
    .action((options: JobsOptions) => show(options, context));
};

async function show(options: JobsOptions, { signal }: CommandContext): Promise<void> {
  const { retry, remove } = options;
  const address = addressIn(options);
  const queue = await openQueue(address);
  try {
    const told: string[] = [];
    if (retry !== undefined || remove !== undefined) {
      const { jobs } = await listJobs(queue);
      if (retry !== undefined) {
        const again = await retryJobs(queue, chosenJobs(jobs, retry === true ? ['failed'] : retry));
        told.push(`${counted(again, 'job')} will be tried again.`);
      }
      if (remove !== undefined) {
        const { removed, stopped } = await removeJobs(queue, address, chosenJobs(jobs, remove));
        told.push(`${counted(removed, 'job')} removed${stopped > 0 ? `, ${stopped} running asked to stop` : ''}.`);
      }
    }
    if (options.pause) {
      await queue.pause();
      told.push('The queue is paused: workers finish what they have begun.');
    }
    if (options.resume) {
      await queue.resume();
      told.push('The queue goes on.');
    }
    if (told.length > 0 && !options.json) process.stdout.write(`${told.join('\n')}\n`);
    do {
      const listing = await listJobs(queue);
      if (options.json) process.stdout.write(`${JSON.stringify(listing)}\n`);
      else if (told.length === 0) put(inWords(listing, options.all), options.watch);
      if (options.watch) await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    } while (options.watch && !signal.aborted);
  } finally {
    await queue.close();
  }
}

function put(text: string, isWatching: boolean): void {
  const { isTTY, rows } = process.stdout;
  if (!isWatching || !isTTY) process.stdout.write(text);
  else
    process.stdout.write(
      `\x1b[H\x1b[2J${text
        .split('\n')
        .slice(0, rows - 1)
        .join('\n')}\n`,
    );
}

function inWords(listing: QueueListing, isWhole: boolean): string {
  const { counts, jobs, workers, videosPerHour, framesPerSecond, secondsLeft, isPaused } = listing;
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  const lines = [
    parts.length === 0 ? 'The queue is empty.' : parts.map(([state, count]) => `${count} ${state}`).join(', '),
    `${counted(workers, 'worker')}${isPaused ? ', paused' : ''}` +
      (framesPerSecond === null ? '' : `, ${framesPerSecond.toFixed(1)} frames a second`) +
      (videosPerHour === null ? '' : `, ${videosPerHour.toFixed(1)} videos an hour`) +
      (secondsLeft === null || secondsLeft === 0 ? '' : `, about ${duration(secondsLeft)} left`),
  ];
  if (workers === 0 && counts.waiting > 0) lines.push('No worker is connected: start some with "facemirror worker".');
  const shown = jobs.filter(({ state }) => isWhole || !['waiting', 'done'].includes(state));
  const running = shown.filter(({ state }) => state === 'running');
  const others = shown.filter(({ state }) => state !== 'running');
  lines.push(...running.map(line), ...others.slice(0, isWhole ? undefined : MOST_SHOWN).map(line));
  if (!isWhole && others.length > MOST_SHOWN)
    lines.push(`... and ${others.length - MOST_SHOWN} more (--all shows them)`);
  return `${lines.join('\n')}\n`;
}

function line(job: ListedJob): string {
  const { id, state, video, copies, frames, expectedFrames, framesPerSecond, secondsLeft, worker, sentence } = job;
  const parts = [`  ${id.slice(0, 9)}  ${state.padEnd(9)}  ${video}${copies > 1 ? ` (and ${copies - 1} copies)` : ''}`];
  if (state === 'running') {
    if (frames !== null) parts.push(`${frames}${expectedFrames === null ? '' : ` of ${expectedFrames}`} frames`);
    if (framesPerSecond !== null) parts.push(`${framesPerSecond.toFixed(1)} a second`);
    if (secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
    if (worker !== null) parts.push(`on ${worker}`);
  }
  if (sentence !== null) parts.push(inFlags(sentence));
  return printable(parts.join(', '));
}
