import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DataType, GraphBuilder, saveModel } from '../../src/index.js';

it("leaves no trace of a usage report in the user's folders", () => {
  const home = mkdtempSync(join(tmpdir(), 'onnx-lens-home-'));
  try {
    const graph = new GraphBuilder('small');
    graph.input('x', DataType.FLOAT, [2]);
    graph.output(graph.node('Relu', ['x'], {}, { outputs: ['y'] }), DataType.FLOAT, [2]);
    saveModel(graph.toModel({ opset: 17 }), join(home, 'small.onnx'));
    const environment: NodeJS.ProcessEnv = { ...process.env, HOME: home, USERPROFILE: home };
    delete environment['XDG_CACHE_HOME'];
    delete environment['ORT_DISABLE_TELEMETRY'];
    const program = fileURLToPath(new URL('../../bin/onnx-lens.js', import.meta.url));
    execFileSync(process.execPath, [program, 'coverage', join(home, 'small.onnx')], { env: environment });
    expect(readdirSync(home)).toEqual(['small.onnx']);
  } finally {
    rmSync(home, { recursive: true });
  }
});
