import { FaceMirrorError, messageOf } from '../errors.js';
import { providerChoice, type ProviderName } from './providers.js';

/** What an error says, without what a library adds in lines of its own and without the full stop. */
export function sentence(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').trim().replace(/\.$/, '');
}

/** Of a provider that was asked for by name: what does not open on it may well open on another. */
export function unopenedProvider(provider: ProviderName, error: unknown): unknown {
  if (!(error instanceof FaceMirrorError) || error.code !== 'MODEL_CORRUPT') return error;
  return new FaceMirrorError('PROVIDER_UNAVAILABLE', `The provider ${providerChoice(provider)} does not open here (${sentence(error)}). Choose another with --provider, or leave it out.`, { cause: error });
}

/** A network that ONNX Runtime does not open. */
export function unopenable(model: string, why: string): FaceMirrorError {
  return new FaceMirrorError('MODEL_CORRUPT', `The model "${model}" cannot be opened: ${why}.`);
}

/** A network that ONNX Runtime does not run. */
export function unrunnable(model: string, why: string): FaceMirrorError {
  return new FaceMirrorError('MODEL_CORRUPT', `The model "${model}" failed in a run: ${why}.`);
}

/** No worker is left. */
export function lost(why: string): FaceMirrorError {
  return new FaceMirrorError('WORKER_LOST', `The last worker that runs the networks was lost: ${why}. Run again; if it fails again, report it.`);
}

/** The pool was closed, or its signal said to stop. */
export function cancelled(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'Stopped; the networks were closed.');
}
