#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import buildFirst from './build-first.cjs';

buildFirst(fileURLToPath(new URL('..', import.meta.url)));
await import('../dist/cli/main.js');
