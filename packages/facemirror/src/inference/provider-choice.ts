import type { ProviderFacts } from 'facemirror-core/inference/provider-facts.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { providerInWords } from '../wording.js';
import { reasonOf } from './failures.js';
import type { InferenceOptions, ProviderChoice, ProviderName } from 'facemirror-core/inference/options.js';
import { InferencePool } from './pool.js';
import { planProviders, type ProviderPlan } from './provider-plan.js';
import { builtProviders, providerCandidates, providerChoice } from './providers.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';
import { IDENTITY } from './runtime-library.js';

/** How networks are opened on a provider. */
export interface ProviderSteps<Prepared extends { readonly sources: readonly ModelSource[] }, T> {
  /**
   * Makes the networks ready: how a graph is best written depends on what it is to run on. What this throws ends the
   * search.
   */
  readonly prepare: (provider: ProviderName) => Promise<Prepared>;
  readonly open: (prepared: Prepared, providers: ProviderPlan['providers']) => Promise<T>;
}

/**
 * Opens networks on the provider that was asked for, or for `auto` on the best that opens here. One that is not in this
 * build of ONNX Runtime, that does not open, or (Core ML, `auto`) on which the coverage analysis finds no network to be
 * faster, is passed over, and `onNotice` is told: as a warning, where the user named it. The CPU comes last.
 * @throws what `prepare` throws; what `open` throws on the CPU, or when the signal stopped it.
 */
export async function withProvider<Prepared extends { readonly sources: readonly ModelSource[] }, T>(
  choice: ProviderChoice,
  options: Pick<InferenceOptions, 'signal' | 'onNotice'>,
  steps: ProviderSteps<Prepared, T>,
): Promise<ProviderFacts & { readonly opened: T }> {
  const passedOver: string[] = [];
  let providerMissed: ProviderFacts['providerMissed'] = null;
  const candidates = providerCandidates(choice);
  for (const [place, candidate] of candidates.entries()) {
    const tried = await tryOn(candidate, choice, steps, options.signal);
    const provider = providerChoice(candidate);
    if (tried.kind === 'opened') {
      if (tried.isSplit) options.onNotice?.(`The networks run where they are fastest: ${tried.reason ?? ''}.`);
      const reason = passedOver.length === 0 ? tried.reason : passedOver.join(', and ');
      return { opened: tried.opened, provider, providerReason: reason === null ? null : `${reason}.`, providerMissed };
    }
    passedOver.push(tried.why);
    const next = providerChoice(candidates[place + 1] ?? 'cpu');
    const notice = `The networks run on ${providerInWords(next)}: ${tried.why}.`;
    if (choice !== 'auto') providerMissed = { provider, notice };
    options.onNotice?.(notice, choice === 'auto' ? 'note' : 'warning');
  }
  throw new FaceMirrorError('PROVIDER_UNAVAILABLE', 'No provider opens here.');
}

type Tried<T> =
  | { readonly kind: 'opened'; readonly opened: T; readonly reason: string | null; readonly isSplit: boolean }
  | { readonly kind: 'passed over'; readonly why: string };

async function tryOn<Prepared extends { readonly sources: readonly ModelSource[] }, T>(
  provider: ProviderName,
  choice: ProviderChoice,
  { prepare, open }: ProviderSteps<Prepared, T>,
  signal: AbortSignal | undefined,
): Promise<Tried<T>> {
  const named = `the provider ${providerChoice(provider)}${choice === 'auto' ? '' : ', which was asked for,'}`;
  if (!builtProviders().includes(provider)) {
    return {
      kind: 'passed over',
      why: `${named} is not in this ONNX Runtime, which has ${builtProviders().map(providerChoice).join(', ')}`,
    };
  }
  const orPassOver = (error: unknown): Tried<T> => {
    if (provider === 'cpu' || signal?.aborted === true) throw error;
    return { kind: 'passed over', why: `${named} does not open here (${reasonOf(error)})` };
  };
  try {
    await probe(provider, signal);
  } catch (error) {
    return orPassOver(error);
  }
  const prepared = await prepare(provider);
  const { providers, reason, isUseful } = await planProviders(prepared.sources, choice, provider);
  if (!isUseful) return { kind: 'passed over', why: reason ?? '' };
  try {
    return {
      kind: 'opened',
      opened: await open(prepared, providers),
      reason,
      isSplit: Object.values(providers).some((each) => each !== provider),
    };
  } catch (error) {
    return orPassOver(error);
  }
}

/**
 * Opens the smallest of networks on an accelerator, in a process of its own: the library of one that cannot work here
 * complains aloud, keeps memory, or takes its process along. Core ML is part of the system.
 */
async function probe(provider: ProviderName, signal: AbortSignal | undefined): Promise<void> {
  if (provider === 'cpu' || provider === 'coreml') return;
  const name = 'probe';
  const pool = await InferencePool.open([{ name, model: IDENTITY }], {
    providers: { [name]: provider },
    isolation: 'process',
    ...(signal === undefined ? {} : { signal }),
  });
  await pool.close();
}
