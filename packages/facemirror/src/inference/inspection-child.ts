/**
 * Opens a network, with ONNX Runtime's warnings on standard error, and profiles some runs of it. Started by
 * inspection.ts only.
 */
import './no-telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serveParent } from '../processes/helper-child.js';
import { PROFILED_RUNS, type InspectionJob } from './inspection.js';
import { executionProviders } from './providers.js';

const WARNING = 2;

async function inspect({ model, provider, sizes, profilePrefix }: InspectionJob): Promise<void> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: executionProviders(provider),
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: WARNING,
    enableProfiling: true,
    profileFilePrefix: profilePrefix,
    ...(Object.keys(sizes).length === 0 ? {} : { freeDimensionOverrides: sizes }),
  };
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options));
  const feeds: Record<string, Tensor> = {};
  for (const input of session.inputMetadata) {
    if (!input.isTensor || input.type !== 'float32') return;
    // The binding goes on naming dimensions that were fixed when the session was made.
    const dims = input.shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 0)));
    if (dims.includes(0)) return;
    feeds[input.name] = new Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
  }
  for (let run = 0; run <= PROFILED_RUNS; run++) await session.run(feeds);
  session.endProfiling();
  await session.release();
}

serveParent();
process.once('message', (job: InspectionJob) => {
  inspect(job).then(
    () => process.exit(),
    () => process.exit(1),
  );
});
