import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { onnxLens } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SUMMARY =
  '[W:onnxruntime:, coreml_execution_provider.cc:107 GetCapability] CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 28 number of nodes in the graph: 520 number of nodes supported by CoreML: 359\n';

describe('exit codes and messages', () => {
  test('help names every command and leaves with 0; so do the helps of the commands, with examples', () => {
    const { status, stdout } = onnxLens(['--help']);
    expect(status).toBe(0);
    for (const command of ['logs', 'trace']) {
      expect(stdout).toContain(command);
      const help = onnxLens([command, '--help']);
      expect(help.status).toBe(0);
      expect(help.stdout).toContain('Examples:');
    }
  });

  test("the version is the package's", () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(onnxLens(['--version'])).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });

  test.each([[['frobnicate']], [['logs']], [['trace', 'x', '--top', '0']], [['logs', 'x', '--nonsense']], [[]]])(
    'wrong use leaves with 2: %j',
    (args) => {
      const { status, stdout, stderr } = onnxLens(args);
      expect(status).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).not.toBe('');
    },
  );

  test('a failure is one sentence and leaves with 1; --verbose shows where it came from', () => {
    const missing = join(folder, 'missing.log');
    const { status, stdout, stderr } = onnxLens(['logs', missing]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(missing);
    const verbose = onnxLens(['logs', missing, '--verbose']);
    expect(verbose.status).toBe(1);
    expect(verbose.stderr).toMatch(/\n {4}at /);
  });

  test("control characters of a stranger's file do not reach the terminal with an error", () => {
    const { status, stderr } = onnxLens(['trace', `${folder}/\u001b[2J\u202e.json`]);
    expect(status).toBe(1);
    expect(stderr).toContain('\\u001b[2J\\u202e.json');
  });

  test('a reader that closes the pipe is no failure', async () => {
    const log = join(folder, 'long.log');
    writeFileSync(log, SUMMARY.repeat(20_000));
    const bin = fileURLToPath(new URL('../../bin/onnx-lens.js', import.meta.url));
    const child = spawn(process.execPath, [bin, 'logs', log, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const status = await new Promise((done) => child.once('exit', done));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('logs', () => {
  test('from standard input, as text and as JSON', () => {
    const text = onnxLens(['logs', '-'], { input: SUMMARY });
    expect(text.status).toBe(0);
    expect(text.stdout).toMatch(/520\s+359\s+161\s+69\.0 %\s+28/);
    const { sessions } = JSON.parse(onnxLens(['logs', '-', '--json'], { input: SUMMARY }).stdout) as {
      sessions: { capabilities: object[] }[];
    };
    expect(sessions[0]!.capabilities[0]).toEqual({
      provider: 'CoreML',
      partitions: 28,
      nodes: 520,
      supported: 359,
      verdicts: [],
      line: 1,
    });
  });

  test("from a file in UTF-16, as PowerShell's redirection writes it", () => {
    const log = join(folder, 'powershell.log');
    writeFileSync(log, Buffer.from(`\ufeff${SUMMARY}`, 'utf16le'));
    expect(onnxLens(['logs', log]).stdout).toContain('69.0 %');
  });

  test('colours only where they are wanted', () => {
    const escape = '\u001b[';
    expect(onnxLens(['logs', '-'], { input: SUMMARY }).stdout).not.toContain(escape);
    expect(
      onnxLens(['logs', '-'], { input: SUMMARY, env: { NO_COLOR: undefined, FORCE_COLOR: '1' } }).stdout,
    ).toContain(escape);
  });

  test("a stranger's names cannot move the cursor", () => {
    const { stdout } = onnxLens(['logs', '-'], {
      input:
        '[V:onnxruntime:, helper.cc:1 f] Operator type: [A\u0007\u009b2J] index: [1] name: [x\u202ey] supported: [0]\n',
    });
    expect(stdout).toContain('\\u009b2J');
    expect(stdout).toContain('x\\u202ey');
  });
});

test('trace prints shares, and refuses what is no profile', () => {
  const events = [
    {
      cat: 'Node',
      pid: 1,
      tid: 1,
      ts: 0,
      dur: 1500,
      ph: 'X',
      name: 'c_kernel_time',
      args: { op_name: 'Conv', provider: 'CPUExecutionProvider' },
    },
  ];
  const profile = join(folder, 'profile.json');
  writeFileSync(profile, JSON.stringify(events));
  expect(onnxLens(['trace', profile]).stdout).toMatch(/1\.50 ms\s+100\.0 %\s+1\s+Conv/);
  expect((JSON.parse(onnxLens(['trace', profile, '--json']).stdout) as { nodesMs: number }).nodesMs).toBe(1.5);
  expect(onnxLens(['trace', '-'], { input: '{"a": 1}' })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('standard input is not a profile') as string,
  });
});
