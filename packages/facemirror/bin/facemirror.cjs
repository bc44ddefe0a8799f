#!/usr/bin/env -S node --max-semi-space-size=4
// The young generation's 4 MB: Node's own 16 MB are only filled after minutes, by garbage, as if memory grew with the video.
//
// FFmpeg's calls run in libuv's threads: four, whatever the cores, unless the environment says otherwise before the first
// is needed. Reading a module needs one already, so that this file is none.
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(32, Math.max(4, require('node:os').availableParallelism())));
require('onnx-lens/build-first')(require('node:path').join(__dirname, '..'));
import('../dist/cli/main.js');
