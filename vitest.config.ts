import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    setupFiles: ['packages/core/test/kernels-setup.ts', 'packages/facemirror/test/kernels-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // ONNX Runtime and FFmpeg are native addons that do not survive being loaded into several worker threads of one process and torn down.
    pool: 'forks',
  },
});
