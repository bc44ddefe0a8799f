import { compareTensors } from '../../rewrite/compare-tensors.js';
import { proofRuns, type RunPlanOptions } from '../../rewrite/proof-runs.js';
import { withSession } from '../../runtime/session.js';

/**
 * How far a model's own outputs lie apart when ONNX Runtime optimizes it fully and not at all, by output: what no
 * conversion can be asked to be better than.
 */
export async function ownNoise(model: Uint8Array, plan: RunPlanOptions): Promise<ReadonlyMap<string, number>> {
  const noise = new Map<string, number>();
  await withSession(model, { optimization: 'disabled', origin: 'the original' }, (plain) =>
    withSession(model, { optimization: 'all', origin: 'the original' }, async (optimized) => {
      for await (const { feeds } of proofRuns(plain, optimized, plan)) {
        const [a, b] = [await plain.run(feeds), await optimized.run(feeds)];
        for (const [name, value] of a) {
          const other = b.get(name);
          if (other === undefined) continue;
          const { maxAbs } = compareTensors(value, other, 0);
          noise.set(name, Math.max(noise.get(name) ?? 0, maxAbs));
        }
      }
    }),
  );
  return noise;
}
