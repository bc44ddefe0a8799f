import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { provideKernels } from 'facemirror-core/frames/kernels.js';

const { resolve } = createRequire(import.meta.url);

/** Gives this thread the kernels from the core's package; each is read when it is first needed. */
export function provideNodeKernels(): void {
  provideKernels({
    module: (folder) => new WebAssembly.Module(readFileSync(resolve(`facemirror-core/${folder}/kernels.wasm`))),
    isWorker: !isMainThread,
  });
}
