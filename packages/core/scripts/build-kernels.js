// Compiles every src/<folder>/assembly/index.ts (AssemblyScript) to dist/<folder>/kernels.wasm, where its source is newer.
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import asc from 'assemblyscript/asc';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'src');

const flags = [
  '--optimizeLevel',
  '3',
  '--shrinkLevel',
  '0',
  '--converge',
  '--noAssert',
  '--enable',
  'simd',
  '--enable',
  'threads',
  '--enable',
  'bulk-memory',
  // The memory is the caller's, shared by all threads. `stub` has no collector, and kernels allocate nothing:
  // no heap, no stack in memory, no static data, so that many instances can run on the one memory at once.
  // Vectors pass only between a kernel's own files: what a module exports takes numbers.
  '--disableWarning',
  '112',
  '--runtime',
  'stub',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
];

for (const folder of readdirSync(source)) {
  const assembly = path.join(source, folder, 'assembly');
  const entry = path.join(assembly, 'index.ts');
  if (!existsSync(entry)) continue;
  const output = path.join(root, 'dist', folder, 'kernels.wasm');
  const files = [...readdirSync(assembly).map((name) => path.join(assembly, name)), import.meta.filename];
  if (existsSync(output) && files.every((file) => statSync(file).mtimeMs < statSync(output).mtimeMs)) continue;
  mkdirSync(path.dirname(output), { recursive: true });
  const { error } = await asc.main([entry, '--outFile', output, ...flags], {
    stdout: process.stdout,
    stderr: process.stderr,
  });
  if (error) process.exit(1);
}
