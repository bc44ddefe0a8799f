/** Other tools beside onnx-lens: whether a Python has them, and what a command of any tool takes. */
import { spawnSync } from 'node:child_process';

/** Runs a program; prints its exit code, processor seconds and largest memory in KB on the last line. */
const MEASURE = `import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)`;

/** The version of a package of that Python; undefined where either is absent. */
export function version(python, name) {
  const { status, stdout } = spawnSync(python, ['-c', `import importlib.metadata as m; print(m.version('${name}'))`], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** What a command takes, in a child, so that it is its own. */
export function use(python, command) {
  const { status, error, stderr, stdout } = spawnSync(python, ['-c', MEASURE, ...command], { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${python} failed: ${stderr}`);
  const [code, seconds, peak] = stdout.trim().split(/\s+/).map(Number);
  return { isDone: code === 0, seconds, peakMB: peak / 1024 };
}
