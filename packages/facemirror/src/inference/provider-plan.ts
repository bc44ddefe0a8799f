import { analyseCoverage, loadModel, parseModel, type CoverageResult } from 'onnx-lens';
import { counted } from '../wording.js';
import { assumedSizes } from './assumed-sizes.js';
import type { ProviderChoice, ProviderName } from 'facemirror-core/inference/options.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';

/** Which network runs on what, and why. */
export interface ProviderPlan {
  /** By the network's name. */
  readonly providers: Readonly<Record<string, ProviderName>>;
  /** A sentence that begins small, without its full stop; null where the user named the provider. */
  readonly reason: string | null;
  /** False where no network would run on the candidate. */
  readonly isUseful: boolean;
}

/** Less of a network's arithmetic than this on the accelerator is not worth the copies to it and back. */
const WORTH_SHARE = 0.5;

/**
 * What runs on a candidate. A choice by name is followed; `auto` asks the coverage analysis, where it knows the
 * candidate (Core ML), network by network: one that would be cut into many parts, or leave most of its arithmetic
 * behind, is faster on the CPU. Other accelerators take whole networks of these kinds.
 * @throws OnnxLensError for a file that is no model.
 */
export async function planProviders(
  models: readonly ModelSource[],
  choice: ProviderChoice,
  candidate: ProviderName,
): Promise<ProviderPlan> {
  const all = (provider: ProviderName): Record<string, ProviderName> =>
    Object.fromEntries(models.map(({ name }) => [name, provider]));
  if (choice !== 'auto') return { providers: all(candidate), reason: null, isUseful: true };
  if (candidate === 'cpu')
    return { providers: all('cpu'), reason: 'no accelerator that this ONNX Runtime can use was found', isUseful: true };
  if (candidate !== 'coreml') return { providers: all(candidate), reason: `${candidate} is there`, isUseful: true };
  const providers: Record<string, ProviderName> = {};
  const reasons: string[] = [];
  for (const source of models) {
    const coverage = await coverageOf(source);
    const isWorth = isWorthCoreMl(coverage);
    providers[source.name] = isWorth ? 'coreml' : 'cpu';
    reasons.push(
      `${source.name} ${isWorth ? 'on Core ML' : 'on the CPU'} (Core ML would take ${coverage.coverage.toFixed(1)} % of its nodes in ${counted(coverage.partitions.length, 'partition')})`,
    );
  }
  const isUseful = Object.values(providers).includes('coreml');
  return { providers, reason: `by the coverage analysis ${reasons.join(', ')}`, isUseful };
}

/** As sessions are opened: in the MLProgram format, with fixed sizes. */
function coverageOf({ name, model }: ModelSource): Promise<CoverageResult> {
  const proto = typeof model === 'string' ? loadModel(model, 'read') : parseModel(model, name);
  return analyseCoverage(proto, {
    provider: 'coreml',
    format: 'mlprogram',
    fix: assumedSizes(proto).sizes,
    name,
    compareVariants: false,
  });
}

function isWorthCoreMl({ supported, impact, work }: CoverageResult): boolean {
  const macs = work.macsOnProvider + work.macsOnCpu;
  return supported > 0 && impact !== 'HIGH' && (macs === 0 || work.macsOnProvider >= WORTH_SHARE * macs);
}
