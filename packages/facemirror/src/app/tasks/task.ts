import { errorOf, type Failure } from '../../processes/failure.js';
import { startHelper } from '../../processes/helper-process.js';
import type { ExaminationEdit } from 'facemirror-core/examination/edit.js';
import type { ReportPlace } from '../../examination/report-file.js';
import type { ComparedVideo, ComparisonAnswer } from './compare-videos.js';
import type { SuiteStatus } from './model-status.js';

/** Work that the server has done for it, in a process that takes its memory with it when it is done. */
export type Task =
  /** An H.264 copy for browsers. */
  | { readonly kind: 'proxy'; readonly source: string; readonly path: string }
  /** The demo clip. */
  | { readonly kind: 'demo'; readonly folder: string }
  /** Tables made again after an edit. */
  | ({ readonly kind: 'examination'; readonly edit: ExaminationEdit } & ReportPlace)
  /** The examination report of results. */
  | ({ readonly kind: 'report' } & ReportPlace)
  /** The table of change between visits. */
  | { readonly kind: 'compare'; readonly videos: readonly ComparedVideo[] }
  | { readonly kind: 'suites' }
  | { readonly kind: 'pull'; readonly suite: string; readonly licenceAccepted: boolean }
  | { readonly kind: 'import'; readonly path: string }
  | { readonly kind: 'verify' };

/** What each kind of work gives. */
export interface TaskResults {
  readonly proxy: null;
  readonly demo: null;
  readonly examination: null;
  readonly report: null;
  readonly compare: ComparisonAnswer;
  readonly suites: readonly SuiteStatus[];
  readonly pull: null;
  /** A sentence on what was imported. */
  readonly import: string;
  /** Titles of damaged networks. */
  readonly verify: readonly string[];
}

/** What the process says. */
export type FromTaskChild = { readonly kind: 'done'; readonly result: TaskResults[Task['kind']] } | Failure;

/** Does a task in a process of its own. @throws what the task threw there. */
export async function runTask<Kind extends Task['kind']>(
  task: Task & { readonly kind: Kind },
): Promise<TaskResults[Kind]> {
  const said: FromTaskChild[] = [];
  const { ended } = startHelper<FromTaskChild>(
    new URL('../../../dist/app/tasks/task-child.js', import.meta.url),
    task,
    {
      stderr: 'ignore',
      onMessage: (message) => said.push(message),
    },
  );
  const { why } = await ended;
  const [answer] = said;
  if (answer === undefined) throw new Error(`the process that should do it is lost (${why})`);
  if (answer.kind === 'failed') throw errorOf(answer);
  return answer.result as TaskResults[Kind];
}
