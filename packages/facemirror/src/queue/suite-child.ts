/** Opens a suite in a process of its own and says which networks it is made of. Started by suite-check.ts only. */
import type { OpenedModel } from 'facemirror-core/suites/suite.js';
import { failureOf } from '../processes/failure.js';
import { serveParent } from '../processes/helper-child.js';
import { suiteByName } from '../suites/suites.js';
import type { SuiteAnswer, SuiteQuestion } from './suite-messages.js';

async function open({ suite, provider, modelsFolder }: SuiteQuestion): Promise<readonly OpenedModel[]> {
  const opened = await (
    await suiteByName(suite)
  ).open({ provider, workers: 1, cores: 1, ...(modelsFolder === null ? {} : { modelsFolder }) });
  try {
    return opened.models;
  } finally {
    await opened.close();
  }
}

serveParent();
process.on('message', (question: SuiteQuestion) => {
  open(question)
    .then(
      (models): SuiteAnswer => ({ kind: 'models', models }),
      (error: unknown): SuiteAnswer => failureOf(error),
    )
    .then((answer) => process.send?.(answer, () => process.exit()))
    .catch(() => process.exit(1));
});
