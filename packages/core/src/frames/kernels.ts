import { identityOf } from './scratch.js';

/** The folders that have WebAssembly kernels: their `assembly/index.ts` is built to `dist/<folder>/kernels.wasm`. */
export type KernelFolder = 'frames' | 'mirror';

/** How a home of the core gives it its kernels. */
export interface KernelProvider {
  /** A folder's compiled module; asked for once in each thread. */
  module(folder: KernelFolder): WebAssembly.Module;
  /** Whether memories come to this thread by messages, each of which brings another object for the same memory. */
  readonly isWorker: boolean;
}

let provider: KernelProvider | null = null;
const modules = new Map<KernelFolder, WebAssembly.Module>();
type Instances = Map<KernelFolder, WebAssembly.Exports>;
const instances = new WeakMap<WebAssembly.Memory, Instances>();
/**
 * Every message brings a worker another object for the same memory: it keeps the instances on the memory it saw last.
 */
let last: { readonly identity: bigint; readonly instances: Instances } | null = null;

/** Hands this thread its kernels. Must come before anything is cropped or mirrored here; the last call counts. */
export function provideKernels(given: KernelProvider): void {
  provider = given;
}

/**
 * A folder's kernels working on that memory: compiled once in each thread, instantiated once for each memory. They keep
 * no state from one call to the next, so that any number of threads can run them on the one memory, each on its own
 * frames.
 */
export function kernelsOn(folder: KernelFolder, memory: WebAssembly.Memory): WebAssembly.Exports {
  const ofMemory = provider?.isWorker === true ? instancesOnIdentity(memory) : instancesOnObject(memory);
  let exports = ofMemory.get(folder);
  if (!exports) {
    exports = new WebAssembly.Instance(compiled(folder), { env: { memory } }).exports;
    ofMemory.set(folder, exports);
  }
  return exports;
}

function instancesOnObject(memory: WebAssembly.Memory): Instances {
  let known = instances.get(memory);
  if (!known) instances.set(memory, (known = new Map<KernelFolder, WebAssembly.Exports>()));
  return known;
}

function instancesOnIdentity(memory: WebAssembly.Memory): Instances {
  const identity = identityOf(memory);
  if (identity === 0n) return instancesOnObject(memory);
  if (last?.identity !== identity) last = { identity, instances: new Map<KernelFolder, WebAssembly.Exports>() };
  return last.instances;
}

function compiled(folder: KernelFolder): WebAssembly.Module {
  let module = modules.get(folder);
  if (!module) {
    if (provider === null) throw new Error('Call provideKernels before anything is cropped or mirrored.');
    module = provider.module(folder);
    modules.set(folder, module);
  }
  return module;
}
