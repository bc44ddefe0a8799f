import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import type { ProviderName } from 'facemirror-core/inference/options.js';
import { providerChoice } from './providers.js';

/** ONNX Runtime's own checks name their file, function and condition before what they have to say. */
const CHECK = /^\S+:\d+ .* was false\. (?=\S)/;

/** The bare reason of a failure to open or to run: the first line of what the library said, without its full stop. */
export function reasonOf(error: unknown): string {
  const said = messageOf(error instanceof FaceMirrorError ? (error.cause ?? error) : error);
  return (said.split('\n')[0] ?? '').replace(CHECK, '').trim().replace(/\.$/, '');
}

/** A network that ONNX Runtime does not open on a provider. On an accelerator, another one may well take it. */
export function unopenable(model: string, provider: ProviderName, why: string): FaceMirrorError {
  return failed(`The model "${model}" cannot be opened`, provider, why);
}

/** A network that ONNX Runtime does not run on a provider. */
export function unrunnable(model: string, provider: ProviderName, why: string): FaceMirrorError {
  return failed(`The model "${model}" failed in a run`, provider, why);
}

function failed(what: string, provider: ProviderName, why: string): FaceMirrorError {
  const options = { cause: new Error(why) };
  if (provider === 'cpu') return new FaceMirrorError('MODEL_CORRUPT', `${what}: ${reasonOf(options.cause)}.`, options);
  return new FaceMirrorError(
    'PROVIDER_UNAVAILABLE',
    `${what} on ${providerChoice(provider)} (${reasonOf(options.cause)}): run it again with \`provider\` cpu.`,
    options,
  );
}

/** A run that was under way in two workers that were lost. */
export function fatal(model: string, why: string): FaceMirrorError {
  return new FaceMirrorError(
    'WORKER_LOST',
    `Two workers were lost in the same run of the model "${model}" (${why}): it is not tried again. Run again; if it fails again, report it.`,
    { cause: new Error(why) },
  );
}

/** No worker is left. */
export function lost(why: string): FaceMirrorError {
  return new FaceMirrorError(
    'WORKER_LOST',
    `The last worker that runs the networks was lost: ${why}. Run again; if it fails again, report it.`,
    { cause: new Error(why) },
  );
}

/** The pool was closed, or its signal said to stop. */
export function cancelled(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'Stopped; the networks were closed.');
}
