import './no-telemetry.js';
import { InferenceSession } from 'onnxruntime-node';

/** The smallest of models, as an .onnx file: one input x of one float, the operator Identity, and its output y. */
export const IDENTITY: Uint8Array = Buffer.from(
  'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN',
  'base64',
);

/**
 * Loads ONNX Runtime as a whole. What the library takes for itself (its code, its table of kernels) would otherwise
 * look like time and memory of the first network that is opened.
 */
export async function loadRuntimeLibrary(): Promise<void> {
  const session = await InferenceSession.create(IDENTITY, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  await session.release();
}
