import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export default defineConfig({
  base: './',
  plugins: [react()],
  define: {
    FACEMIRROR_VERSION: JSON.stringify(require('./package.json').version),
    ONNX_RUNTIME_VERSION: JSON.stringify(require('./package.json').devDependencies['onnxruntime-web']),
  },
  // The pieces that workers are made of are modules, too.
  worker: { format: 'es' },
  build: {
    outDir: 'site',
    emptyOutDir: true,
    // The page runs under a strict content security policy: nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    // ONNX Runtime is one large file of its own.
    chunkSizeWarningLimit: 2000,
  },
});
