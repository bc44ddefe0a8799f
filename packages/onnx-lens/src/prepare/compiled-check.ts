import { OnnxLensError } from '../errors.js';
import { subgraphsOf } from '../model/attributes.js';
import type { GraphProto } from '../model/generated/onnx_pb.js';
import { loadModel } from '../model/load.js';
import { compareTensors } from '../rewrite/compare-tensors.js';
import { proofRuns } from '../rewrite/proof-runs.js';
import { usualRanges } from '../rewrite/usual-ranges.js';
import { withSession, type Session, type SessionOptions } from '../runtime/session.js';

/** Both run the same kernels on the same weights; what differs by more was damaged on the way. */
const TOLERANCE = 1e-3;

/** True when a graph inside a node holds weights of its own. */
export function hasWeightsInBranches(path: string): boolean {
  const holds = (graph: GraphProto): boolean =>
    graph.node
      .flatMap(subgraphsOf)
      .some(
        (inner) =>
          inner.initializer.length > 0 || inner.node.some(({ opType }) => opType === 'Constant') || holds(inner),
      );
  try {
    const { graph } = loadModel(path);
    return graph !== undefined && holds(graph);
  } catch {
    // What cannot be read is for ONNX Runtime to refuse, in its own words.
    return false;
  }
}

/**
 * Opens a compiled model and runs it once, as it will be opened later.
 *
 * @param form the model that it was made of; `options` those that it is compiled with.
 * @throws OnnxLensError RUNTIME_REFUSED when it cannot be opened or run; PROOF_FAILED when it computes something else.
 *   A model for which no inputs can be made up is only opened.
 */
export async function checkCompiled(form: string, options: SessionOptions, compiled: string): Promise<void> {
  const how: SessionOptions = { optimization: 'disabled', origin: `the compiled form of ${options.origin ?? form}` };
  await withSession(compiled, how, (second) =>
    withSession(form, options, async (first) => {
      for await (const { feeds } of runsOf(first, second, form)) {
        const [expected, again] = [await first.run(feeds), await first.run(feeds)];
        const actual = await second.run(feeds);
        for (const [name, value] of expected) {
          const [got, repeated] = [actual.get(name), again.get(name)];
          // A network that draws random numbers cannot be compared.
          if (repeated === undefined || !compareTensors(value, repeated, TOLERANCE).isWithin) continue;
          if (got?.dims.join() === value.dims.join() && compareTensors(value, got, TOLERANCE).isWithin) continue;
          throw new OnnxLensError(
            'PROOF_FAILED',
            `The compiled form of ${options.origin ?? form} gives other values of "${name}" than the model, so it was not kept.`,
          );
        }
        return;
      }
    }),
  );
}

async function* runsOf(first: Session, second: Session, form: string): ReturnType<typeof proofRuns> {
  const plan = {
    samples: 1,
    seed: 1,
    batches: [1],
    mayLeaveOut: false,
    sizes: {},
    ranges: {},
    usual: usualRanges(form),
    fixed: new Map(),
  };
  try {
    yield* proofRuns(first, second, plan);
  } catch (error) {
    const cannotBeMadeUp =
      error instanceof OnnxLensError && (error.code === 'PROOF_FAILED' || error.code === 'UNSUPPORTED_MODEL');
    if (!cannotBeMadeUp) throw error;
  }
}
