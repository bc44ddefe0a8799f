/** Processes videos and folders with progress; Ctrl-C stops cleanly: node examples/many-videos.js FOLDER PATH... */
import process from 'node:process';
import { runBatch } from 'facemirror';

const [out = 'results', ...paths] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const { done, skipped, failed } = await runBatch({
  paths,
  out,
  settings: { outputs: ['tables'] },
  signal: stop.signal,
  onEvent: (event) => {
    if (event.kind === 'started') console.log(`${event.index} of ${event.count}: ${event.path}`);
    if (event.kind === 'progress')
      console.log(`  ${event.frames} frames, ${event.framesPerSecond.toFixed(0)} a second`);
  },
});
console.log(`${done.length} processed, ${skipped.length} already there, ${failed.length} failed`);
for (const { path, error } of failed) console.error(`${path}: ${error.message}`);
process.exitCode = failed.length > 0 ? 3 : 0;
