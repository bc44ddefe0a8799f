import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/save.js';
import { proofRuns } from '../../rewrite/proof-runs.js';
import type { InputRange } from '../../rewrite/seeded-inputs.js';
import { usualRanges } from '../../rewrite/usual-ranges.js';
import { withSession } from '../../runtime/session.js';
import type { Feed } from './half-error.js';

/** Seeded inputs that a model runs on: the random ones of a proof. */
export async function seededFeeds(
  model: ModelProto,
  how: { samples: number; seed: number; ranges: Readonly<Record<string, InputRange>> },
): Promise<Feed[]> {
  return withSession(serializeModel(model), { origin: 'the original' }, async (session) => {
    const feeds: Feed[] = [];
    for await (const run of proofRuns(session, session, {
      ...how,
      batches: [1],
      sizes: {},
      mayLeaveOut: false,
      usual: usualRanges(model),
      fixed: new Map(),
    }))
      if (run.kind === 'random') feeds.push(run.feeds);
    return feeds;
  });
}
