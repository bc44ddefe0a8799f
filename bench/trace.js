/**
 * `onnx-lens trace` on profiles of 60 MB and of more than 512 MiB, which no JavaScript string can hold: MB a second and
 * peak memory. The files are written to the temporary folder and removed.
 *
 *   npm run bench -- trace [--rounds 3]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../packages/core/dist/arithmetic.js';
import { option } from './options.js';

/** MB a second of processor time, the start of the program not counted; growth of the peak from the short to the long file. */
const LIMITS = { speed: 50, growthMB: 80 };
const EVENTS = { short: 100_000, long: 950_000 };
const rounds = Number(option('--rounds', '3'));
const program = new URL('../packages/onnx-lens/bin/onnx-lens.js', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-bench-'));

/** Writes a profile as ONNX Runtime does, one event a line, and returns its MB. */
function writeProfile(path, events) {
  const file = openSync(path, 'w');
  let bytes = 0;
  const write = (text) => (bytes += writeSync(file, text));
  write('[\n');
  for (let from = 0; from < events; from += 1000) {
    const lines = Array.from({ length: 1000 }, (_, place) => {
      const at = from + place;
      return `{"cat" : "Node","pid" :1,"tid" :1,"dur" :${at % 9},"ts" :${at * 10},"ph" : "X","name" :"/model/layer.${at % 400}/conv/Conv_kernel_time","args" : {"op_name" : "Conv","provider" : "CPUExecutionProvider","node_index" : "${at % 400}","shapes" : "${'x'.repeat(380)}"}},\n`;
    });
    write(lines.join(''));
  }
  write('{"cat" : "Session","pid" :1,"tid" :1,"dur" :9,"ts" :9,"ph" : "X","name" :"model_run","args" : {}}\n]\n');
  closeSync(file);
  return bytes / 1e6;
}

/** Runs the program in a process that notes what it took. */
function measure(args) {
  const note = join(folder, 'note.json');
  const script = `
    import { writeFileSync } from 'node:fs';
    process.on('exit', () => {
      const { user, system } = process.cpuUsage();
      writeFileSync(${JSON.stringify(note)}, JSON.stringify({ seconds: (user + system) / 1e6, peakMB: process.resourceUsage().maxRSS / 1000 }));
    });
    process.argv.splice(1, 1, ${JSON.stringify(program.pathname)});
    await import(${JSON.stringify(program.href)});`;
  const file = join(folder, 'run.mjs');
  writeFileSync(file, script);
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return { wall: (performance.now() - start) / 1000, ...JSON.parse(readFileSync(note, 'utf8')), stdout };
}

try {
  const results = {};
  for (const [kind, events] of Object.entries(EVENTS)) {
    const path = join(folder, `${kind}.json`);
    const megabytes = writeProfile(path, events);
    const runs = Array.from({ length: rounds }, () => measure(['trace', path, '--json']));
    const empty = Array.from({ length: rounds }, () => measure(['trace', '--help']));
    const own = median(runs.map(({ seconds }) => seconds)) - median(empty.map(({ seconds }) => seconds));
    const calls = JSON.parse(runs[0].stdout).nodes.reduce((sum, node) => sum + node.calls, 0);
    if (calls !== events) throw new Error(`${calls} of ${events} events were counted.`);
    results[kind] = { speed: megabytes / own, peakMB: median(runs.map(({ peakMB }) => peakMB)) };
    console.log(
      `${megabytes.toFixed(0).padStart(4)} MB: ${results[kind].speed.toFixed(0)} MB a second of processor time, ${(megabytes / median(runs.map(({ wall }) => wall))).toFixed(0)} of the clock (start included), peak ${results[kind].peakMB.toFixed(0)} MB`,
    );
    rmSync(path);
  }
  const growth = results.long.peakMB - results.short.peakMB;
  const passed = results.long.speed >= LIMITS.speed && growth <= LIMITS.growthMB;
  console.log(
    `${passed ? 'passed' : 'FAILED'}: at least ${LIMITS.speed} MB a second, the peak ${growth.toFixed(0)} MB higher (at most ${LIMITS.growthMB})`,
  );
  process.exitCode = passed ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
