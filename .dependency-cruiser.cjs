/** Folder rules of docs/architecture.md: no cycles between files or folders, and each outside library behind one folder. */
module.exports = {
  forbidden: [
    { name: 'no-circular-files', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-circular-folders',
      severity: 'error',
      scope: 'folder',
      from: { path: '^packages/[^/]+/src/[^/]+' },
      to: { circular: true },
    },
    {
      name: 'lens-knows-no-faces',
      severity: 'error',
      from: { path: '^packages/onnx-lens' },
      to: { path: '^packages/facemirror' },
    },
    {
      name: 'core-is-neutral',
      comment: 'The core runs in browsers, too.',
      severity: 'error',
      from: { path: '^packages/core/src' },
      to: { path: '^packages/facemirror|node_modules/(node-av|onnxruntime)|^packages/onnx-lens/src/(?!graph.ts)' },
    },
    {
      name: 'core-needs-no-node',
      severity: 'error',
      from: { path: '^packages/core/src' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-video-talks-to-ffmpeg',
      severity: 'error',
      from: { path: '^packages/facemirror/src', pathNot: '^packages/facemirror/src/video/' },
      to: { path: 'node_modules/node-av' },
    },
    {
      name: 'only-inference-talks-to-onnx-runtime',
      severity: 'error',
      from: { path: '^packages/facemirror/src', pathNot: '^packages/facemirror/src/inference/' },
      to: { path: 'node_modules/onnxruntime-node' },
    },
    {
      name: 'only-runtime-talks-to-onnx-runtime',
      severity: 'error',
      from: { path: '^packages/onnx-lens/src', pathNot: '^packages/onnx-lens/src/runtime/' },
      to: { path: 'node_modules/onnxruntime-node' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|/page/|/site/|/test/|generated/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
};
