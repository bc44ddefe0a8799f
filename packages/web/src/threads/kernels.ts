import framesKernels from 'facemirror-core/frames/kernels.wasm?url';
import mirrorKernels from 'facemirror-core/mirror/kernels.wasm?url';
import { provideKernels, type KernelFolder } from 'facemirror-core/frames/kernels.js';

const ADDRESSES: Readonly<Record<KernelFolder, string>> = { frames: framesKernels, mirror: mirrorKernels };

/** Compiled kernels, which go from thread to thread without being compiled again. */
export type KernelModules = Readonly<Record<KernelFolder, WebAssembly.Module>>;

/** Fetches and compiles the core's kernels. */
export async function loadKernels(): Promise<KernelModules> {
  const [frames, mirror] = await Promise.all(
    [ADDRESSES.frames, ADDRESSES.mirror].map((address) => WebAssembly.compileStreaming(fetch(address))),
  );
  if (frames === undefined || mirror === undefined) throw new Error('A kernel was not compiled.');
  return { frames, mirror };
}

/** Gives this worker the kernels. */
export function provideLoadedKernels(modules: KernelModules): void {
  provideKernels({ module: (folder) => modules[folder], isWorker: true });
}
