import { readFileSync } from 'node:fs';

/** The folders that have WebAssembly kernels: their `assembly/index.ts` is built to `dist/<folder>/kernels.wasm`. */
export type KernelFolder = 'frames' | 'mirror';

const modules = new Map<KernelFolder, WebAssembly.Module>();
const instances = new WeakMap<WebAssembly.Memory, Map<KernelFolder, WebAssembly.Exports>>();

/**
 * A folder's kernels working on that memory: compiled once in each thread, instantiated once for each memory. They keep
 * no state, so that any number of threads can run them on the one memory, each on its own frames.
 */
export function kernelsOn(folder: KernelFolder, memory: WebAssembly.Memory): WebAssembly.Exports {
  let ofMemory = instances.get(memory);
  if (!ofMemory) instances.set(memory, (ofMemory = new Map<KernelFolder, WebAssembly.Exports>()));
  let exports = ofMemory.get(folder);
  if (!exports) {
    exports = new WebAssembly.Instance(compiled(folder), { env: { memory } }).exports;
    ofMemory.set(folder, exports);
  }
  return exports;
}

function compiled(folder: KernelFolder): WebAssembly.Module {
  let module = modules.get(folder);
  if (!module) {
    // The same place seen from src/frames (tests) and from dist/frames.
    module = new WebAssembly.Module(readFileSync(new URL(`../../dist/${folder}/kernels.wasm`, import.meta.url)));
    modules.set(folder, module);
  }
  return module;
}
