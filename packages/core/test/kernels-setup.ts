import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { provideKernels } from '../src/frames/kernels.js';

provideKernels({
  module: (folder) => new WebAssembly.Module(readFileSync(new URL(`../dist/${folder}/kernels.wasm`, import.meta.url))),
  isWorker: !isMainThread,
});
