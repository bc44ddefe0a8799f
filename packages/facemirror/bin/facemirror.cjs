#!/usr/bin/env node
// FFmpeg's calls run in libuv's threads: four, whatever the cores, unless the environment says otherwise before the first
// is needed. Reading a module needs one already, so that this file is none.
process.env.UV_THREADPOOL_SIZE ??= String(Math.min(32, Math.max(4, require('node:os').availableParallelism())));
import('../dist/cli/main.js');
