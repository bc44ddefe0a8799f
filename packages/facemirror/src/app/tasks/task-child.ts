/** Does one task of the server in a process of its own. Started by task.ts only. */
import { rm } from 'node:fs/promises';
import { failureOf } from '../../processes/failure.js';
import { serveParent } from '../../processes/helper-child.js';
import type { FromTaskChild, Task, TaskResults } from './task.js';

/** What a task needs is loaded when it is asked for. */
async function resultOf(task: Task): Promise<TaskResults[Task['kind']]> {
  switch (task.kind) {
    case 'proxy':
      await (await import('./make-proxy.js')).makeProxy(task.source, task.path);
      return null;
    case 'demo': {
      const { writeDemo } = await import('../../demo/write-demo.js');
      const { truth } = await writeDemo(task.folder, new AbortController().signal);
      await rm(truth, { force: true });
      return null;
    }
    case 'examination': {
      const { saveEdit } = await import('../../examination/edit.js');
      const { hadReport } = await saveEdit(task.folder, task.stem, task.edit);
      if (hadReport) await (await import('../../examination/report-file.js')).writeReport(task);
      return null;
    }
    case 'report':
      await (await import('../../examination/report-file.js')).writeReport(task);
      return null;
    case 'compare':
      return (await import('./compare-videos.js')).compareVideos(task.videos);
    case 'suites':
      return (await import('./model-status.js')).suitesWithFiles();
    case 'pull':
      await (await import('./model-status.js')).pullSuite(task.suite, task.licenceAccepted);
      return null;
    case 'import':
      return (await import('./model-status.js')).importFile(task.path);
    case 'verify':
      return (await import('./model-status.js')).damagedNetworks();
  }
}

serveParent();
process.on('message', (task: Task) => {
  const tell = (message: FromTaskChild): void => void process.send?.(message, () => process.exit());
  resultOf(task).then(
    (result) => tell({ kind: 'done', result }),
    (error: unknown) => tell(failureOf(error)),
  );
});
