/** Tries things on one network in a process of its own, so that it can be stopped. Started by run-apart.ts only. */
import { loadModel, parseModel } from 'onnx-lens';
import { messageOf } from 'facemirror-core/errors.js';
import { assumedSizes } from '../../inference/assumed-sizes.js';
import { serveParent } from '../../processes/helper-child.js';
import type { TrialJob } from './run-apart.js';
import { runTrials } from './trials.js';

async function tryAll({ name, model, ...asked }: TrialJob): Promise<void> {
  const proto = typeof model === 'string' ? loadModel(model, 'read') : parseModel(model, name);
  await runTrials({ name, model: proto, ...asked, ...assumedSizes(proto) }, (outcome) => process.send?.(outcome));
}

serveParent();
process.once('message', (job: TrialJob) => {
  tryAll(job).then(
    () => process.exit(),
    (error: unknown) => process.send?.({ kind: 'failed', message: messageOf(error) }, () => process.exit(1)),
  );
});
