import { expect, test } from 'vitest';
import { parseLog } from '../../src/logs/sessions.js';
import { logText } from '../../src/report/log-text.js';

/** As ONNX Runtime 1.32's checker prints it for a model with free dimensions. */
const CHECK = `INFO:  Checking net.onnx for usability with ORT Mobile.
INFO:  Checking NNAPI
INFO:  12 partitions with a total of 104/344 nodes can be handled by the NNAPI EP.
INFO:  \tPartition sizes: [14, 6, 9, 10, 6, 9, 10, 6, 9, 10, 6, 9]
INFO:  Unsupported nodes due to operator=37
INFO:  \tUnsupported ops: ai.onnx:Equal,ai.onnx:Erf
INFO:  \tCaveats that have not been checked and may result in a node not actually being supported:
     ai.onnx:Conv:Only 2D Conv is supported.
INFO:  Unsupported nodes due to input having a dynamic shape=203
INFO:  NNAPI is not recommended with this model as there are 12 partitions covering 30.2% of the nodes in the model. This will most likely result in worse performance than just using the CPU EP.
INFO:  Model should perform well with NNAPI as is: NO
INFO:  Checking if model will perform better if the dynamic shapes are fixed...
INFO:  Partition information if the model was updated to make the shapes fixed:
INFO:  1 partitions with a total of 300/344 nodes can be handled by the NNAPI EP.
INFO:  Unsupported nodes due to operator=37
INFO:  NNAPI should work well for this model as there is one partition covering 87.2% of the nodes in the model.
INFO:  Checking CoreML MLProgram
INFO:  0 partitions with a total of 0/344 nodes can be handled by the CoreML MLProgram EP.
INFO:  Unsupported nodes due to rank of input data=7
INFO:  CoreML MLProgram cannot run any nodes in this model.
`;

test('the usability checker: one estimate a round, none taken for an answer of the provider', () => {
  const { sessions } = parseLog(CHECK);
  expect(sessions).toHaveLength(1);
  expect(sessions[0]!.capabilities).toEqual([]);
  expect(sessions[0]!.notices).toEqual([]);
  expect(sessions[0]!.estimates).toMatchObject([
    {
      provider: 'NNAPI',
      partitions: 12,
      nodes: 344,
      supported: 104,
      shapesFixed: false,
      partitionSizes: [14, 6, 9, 10, 6, 9, 10, 6, 9, 10, 6, 9],
      refusedByOperator: 37,
      refusedByDynamicShape: 203,
      refusedByRank: null,
      unsupportedOps: ['ai.onnx:Equal', 'ai.onnx:Erf'],
      conclusion: expect.stringMatching(/^NNAPI is not recommended with this model .* the CPU EP\.$/) as string,
      line: 3,
    },
    { provider: 'NNAPI', partitions: 1, supported: 300, shapesFixed: true, refusedByDynamicShape: null },
    {
      provider: 'CoreML MLProgram',
      partitions: 0,
      refusedByRank: 7,
      conclusion: expect.stringContaining('cannot run') as string,
    },
  ]);
  const text = logText(parseLog(CHECK));
  expect(text).toContain('104 of 344 nodes (30.2 %) in 12 partitions');
  expect(text).toContain('37 for the operator, 203 for an input whose size is not fixed');
  expect(text).not.toContain('Nothing here tells');
});

test('two checks in one file are two sessions', () => {
  expect(parseLog(CHECK + CHECK).sessions.map(({ estimates }) => estimates.length)).toEqual([3, 3]);
});

test.each([
  [
    '2024-06-13 12:07:02.915 App[2858:101813] Error Creating MLModel Error in declaring network.',
    'Core ML',
    'Error Creating MLModel Error in declaring network.',
  ],
  ['Error creating MLModel: bad version', 'Core ML', 'Error creating MLModel: bad version'],
  [
    'onnxruntime.capi.onnxruntime_pybind11_state.Fail: [ONNXRuntimeError] : 1 : FAIL : Error compiling model: compiler error: x',
    'FAIL',
    'Error compiling model: compiler error: x',
  ],
  [
    'App: Status Message: Error executing model: Unable to compute the prediction',
    'Core ML',
    'Error executing model: Unable to compute the prediction',
  ],
])("Core ML's failure without ONNX Runtime's mark: %s", (line, where, text) => {
  expect(parseLog(`hello\n${line}\n`).sessions).toMatchObject([
    { notices: [{ kind: 'message', severity: 'ERROR', where, text, line: 2 }] },
  ]);
});
