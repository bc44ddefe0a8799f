import { describe, expect, test } from 'vitest';
import { OnnxLensError } from '../../src/errors.js';
import { compareWithLog } from '../../src/logs/compare.js';
import { parseLog } from '../../src/logs/sessions.js';
import { sampleLog, sampleResult } from '../report/sample.js';

const result = sampleResult('resize');
const compare = (log: string) => compareWithLog(result, parseLog(log), 'run.log');

describe('a prediction held against a log', () => {
  test('agrees node by node, a group that was dropped after a yes included', () => {
    const comparison = compare(sampleLog(result));
    expect(comparison.agrees).toBe(true);
    expect(comparison.figures.map(({ what, predicted, logged }) => [what, predicted, logged])).toEqual([
      ['nodes', 6, 6],
      ['supported', 4, 4],
      ['cpu', 2, 2],
      ['coverage', 400 / 6, 400 / 6],
      ['partitions', 2, 2],
    ]);
    expect(comparison.nodes).toMatchObject({
      basis: 'verdicts',
      compared: 6,
      differing: [],
      onlyPredicted: [],
      onlyLogged: [],
    });
  });

  test('names the node that differs, with both reasons', () => {
    const log = sampleLog(result, new Map([[3, false]])).replace(
      /(.*index: \[43\])/,
      '[V:onnxruntime:, conv_op_builder.cc:200 IsOpSupportedImpl] The weight of Conv must be known\n$1',
    );
    const comparison = compare(log);
    expect(comparison.agrees).toBe(false);
    expect(comparison.nodes!.differing).toEqual([
      {
        index: 3,
        name: 'second',
        opType: 'Conv',
        predicted: true,
        logged: false,
        predictedReason: null,
        loggedReasons: ['The weight of Conv must be known'],
        line: 5,
      },
    ]);
    expect(comparison.statement).toContain('1 of the 6 nodes');
  });

  test('of several sessions takes the one that is like the model', () => {
    const other = sampleLog(sampleResult('another'))
      .replaceAll('first', 'erste')
      .replaceAll('second', 'zweite')
      .replaceAll('lone', 'allein');
    const comparison = compare(`${other}\n${sampleLog(result)}`);
    expect(comparison).toMatchObject({ session: 2, sessions: 2, agrees: true });
  });

  test('of sessions without nodes takes the one with the nearest figures', () => {
    const line = (nodes: number, supported: number, partitions: number): string =>
      `[W:onnxruntime:, coreml_execution_provider.cc:107 GetCapability] CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: ${partitions} number of nodes in the graph: ${nodes} number of nodes supported by CoreML: ${supported}`;
    const comparison = compare([line(520, 359, 28), line(6, 4, 3), line(855, 706, 18)].join('\n'));
    expect(comparison).toMatchObject({ session: 2, nodes: null, agrees: false });
    expect(comparison.statement).toContain('differs from the log in partitions');
  });

  test('says that another graph was logged, and how to get at it', () => {
    const comparison = compare(
      'CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 2 number of nodes in the graph: 7 number of nodes supported by CoreML: 4',
    );
    expect(comparison.agrees).toBe(false);
    expect(comparison.statement).toContain('--assume-optimized');
  });

  test('where only placements name nodes, those on the CPU are compared', () => {
    const comparison = compare(
      [
        '[V:onnxruntime:, session_state.cc:1 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [CoreMLExecutionProvider]. Number of nodes: 1',
        '[V:onnxruntime:, session_state.cc:1 VerifyEachNodeIsAssignedToAnEp]   9_CoreML_9_0 (CoreMLExecutionProvider_9_CoreML_9_0_0)',
        '[V:onnxruntime:, session_state.cc:1 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [CPUExecutionProvider]. Number of nodes: 2',
        '[V:onnxruntime:, session_state.cc:1 VerifyEachNodeIsAssignedToAnEp]   Resize (resize)',
        '[V:onnxruntime:, session_state.cc:1 VerifyEachNodeIsAssignedToAnEp]   Conv (first)',
      ].join('\n'),
    );
    expect(comparison.nodes).toMatchObject({
      basis: 'placements',
      compared: 2,
      differing: [{ index: 0, logged: false }],
      onlyPredicted: [],
    });
  });

  test('a log that says nothing of the provider is refused', () => {
    expect(() => compare('hello')).toThrow(OnnxLensError);
    expect(() =>
      compare(
        'NnapiExecutionProvider::GetCapability, number of partitions supported by NNAPI: 3 number of nodes in the graph: 90 number of nodes supported by NNAPI: 80',
      ),
    ).toThrow(/run\.log says nothing of what CoreMLExecutionProvider takes/);
  });
});
