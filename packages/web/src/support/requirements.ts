import { FaceMirrorError } from 'facemirror-core/errors.js';

/** A function of WebAssembly's vector instructions: `i8x16.popcnt` of a splat. */
const SIMD_MODULE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);
/** What `navigator.deviceMemory` says of computers on which a run would be ended for want of memory, in GiB. */
const LEAST_MEMORY = 1;

const ADVICE = 'use a current Chrome, Edge, Firefox or Safari on a computer, or the installed program';

/** What this browser is asked about, so that tests can ask about others. */
export interface BrowserFeatures {
  readonly isSecure: boolean;
  readonly hasWebCodecs: boolean;
  readonly hasSimd: boolean;
  readonly hasStorage: boolean;
  readonly hasServiceWorker: boolean;
  /** GiB, rounded down to a power of two; null where the browser does not say. */
  readonly memory: number | null;
}

/** This browser's features. */
export function browserFeatures(): BrowserFeatures {
  const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
  return {
    isSecure: isSecureContext,
    hasWebCodecs: typeof VideoDecoder === 'function' && typeof VideoEncoder === 'function',
    hasSimd: typeof WebAssembly === 'object' && WebAssembly.validate(SIMD_MODULE),
    hasStorage: typeof navigator.storage?.getDirectory === 'function',
    hasServiceWorker: 'serviceWorker' in navigator,
    memory: deviceMemory ?? null,
  };
}

/** Why Face Mirror cannot run here, as an error with one sentence; null where it can. */
export function unfitness(features: BrowserFeatures): FaceMirrorError | null {
  const unfit = (sentence: string): FaceMirrorError => new FaceMirrorError('BROWSER_UNFIT', sentence);
  if (!features.isSecure)
    return unfit('Browsers give a page what Face Mirror needs over https only: open this address with https.');
  if (!features.hasWebCodecs)
    return unfit(`This browser cannot decode and encode video for a page (WebCodecs is missing): ${ADVICE}.`);
  if (!features.hasSimd)
    return unfit(`This browser or processor lacks WebAssembly's vector instructions (SIMD): ${ADVICE}.`);
  if (!features.hasStorage)
    return unfit(`This browser gives pages no private file storage, as in some private windows: ${ADVICE}.`);
  if (!features.hasServiceWorker)
    return unfit(`This browser allows no service workers here, as in some private windows: ${ADVICE}.`);
  if (features.memory !== null && features.memory < LEAST_MEMORY)
    return unfit(
      `This device has less than ${LEAST_MEMORY} GB of memory, too little for decoding video and running networks: use another computer.`,
    );
  return null;
}
