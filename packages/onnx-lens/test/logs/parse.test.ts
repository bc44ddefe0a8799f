import { describe, expect, test } from 'vitest';
import { parseLog } from '../../src/logs/sessions.js';

const SUMMARY =
  'CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 28 number of nodes in the graph: 520 number of nodes supported by CoreML: 359';
const MARK = '[W:onnxruntime:, coreml_execution_provider.cc:107 GetCapability]';
const MTL = { provider: 'CoreML', partitions: 28, nodes: 520, supported: 359 };

describe("the provider's summary is read in whatever a logger wraps around it", () => {
  const forms: Readonly<Record<string, string>> = {
    'as ONNX Runtime prints it': `2025-10-28 16:33:01.123456 ${MARK} ${SUMMARY}`,
    'at INFO, from another line of the source': `[I:onnxruntime:, coreml_execution_provider.cc:115 GetCapability] ${SUMMARY}`,
    'with a session id and a qualified function, as Windows prints it': `2024-09-11 11:17:56.0223850 [W:onnxruntime:det, coreml_execution_provider.cc:113 onnxruntime::CoreMLExecutionProvider::GetCapability] ${SUMMARY}`,
    'with colour codes': `\u001b[0;93m2025-10-28 16:33:01.123 ${MARK} ${SUMMARY}\u001b[m`,
    'with colour codes whose escape was lost on the way': `[0;93m2025-10-28 16:33:01.123 ${MARK} ${SUMMARY}[m`,
    'with colour codes that a logger has escaped': `\\x1b[0;93m2025-10-28 ${MARK} ${SUMMARY}\\x1b[m`,
    "inside Python's logging": `2025-10-28 16:33:01,123 - mirror.models - WARNING - stderr: 2025-10-28 16:33:01.12 ${MARK} ${SUMMARY}`,
    "through Apple's NSLog": `2024-06-13 12:07:02.915 python[2858:101813] 2024-06-13 12:07:02.914917 ${MARK} ${SUMMARY}`,
    'from docker compose': `worker-1  | 2025-10-28 16:33:01.123 ${MARK} ${SUMMARY}`,
    "from Rust's tracing": `2026-06-13T06:47:39.025710Z  WARN ort{id="" location="coreml_execution_provider.cc:113 GetCapability"}: ort::logging: ${SUMMARY}`,
    'as a JSON line of docker': JSON.stringify({
      log: `2025-10-28 ${MARK} ${SUMMARY}\n`,
      stream: 'stderr',
      time: '2025-10-28T16:33:01Z',
    }),
    "as a JSON line of Rust's tracing": JSON.stringify({
      level: 'WARN',
      fields: { message: SUMMARY, id: '', location: 'coreml_execution_provider.cc:113 GetCapability' },
      target: 'ort::logging',
    }),
    'behind a prefix, as JSON': `app-7c9 ${JSON.stringify({ severity: 'WARNING', payload: { text: `${MARK} ${SUMMARY}` } })}`,
    'in a JSON document': JSON.stringify({ events: [{ id: 1, message: `${MARK} ${SUMMARY}` }] }, null, 2),
    'with the message on the next line': `${MARK}\n${SUMMARY}`,
    'broken over four lines': `${MARK}\n  CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 28\n  number of nodes in the graph: 520\n  number of nodes supported by CoreML: 359`,
    'broken within a word by a narrow terminal': `${MARK} ${SUMMARY.slice(0, 91)}\n${SUMMARY.slice(91)}`,
    'after a progress bar': `Loading:  62%|####  | 5/8\r2025-10-28 ${MARK} ${SUMMARY}\r\n`,
    'without its mark': SUMMARY,
    'quoted in a report, with Windows line ends': `### log\r\n\`\`\`\r\n${MARK}\r\n${SUMMARY}\r\n\`\`\`\r\n`,
  };

  test.each(Object.entries(forms))('%s', (_, log) => {
    const { sessions } = parseLog(log);
    expect(sessions).toHaveLength(1);
    expect(sessions[0]!.capabilities).toMatchObject([MTL]);
  });

  test('the seed document quotes it with the figures cut off: partitions are known, the rest is not', () => {
    const { sessions } = parseLog(
      `${MARK}\nCoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 18\n\n**Implications**:\n- Memory copies\n`,
    );
    expect(sessions[0]!.capabilities).toMatchObject([
      { provider: 'CoreML', partitions: 18, nodes: null, supported: null },
    ]);
  });

  test('a template with [N] in place of the figure is no figure', () => {
    const { sessions } = parseLog(
      `${MARK}\nCoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: [N]`,
    );
    expect(sessions[0]!.capabilities).toMatchObject([{ partitions: null }]);
  });
});

describe('other providers', () => {
  const lines: readonly [string, object][] = [
    [
      'NnapiExecutionProvider::GetCapability, number of partitions supported by NNAPI: 3 number of nodes in the graph: 90 number of nodes supported by NNAPI: 80',
      { provider: 'NNAPI', partitions: 3, nodes: 90, supported: 80 },
    ],
    [
      'WebNNExecutionProvider::GetCapability, number of partitions supported by WebNN: 2 number of nodes in the graph: 9 number of nodes supported by WebNN: 8',
      { provider: 'WebNN', partitions: 2, nodes: 9, supported: 8 },
    ],
    [
      'VSINPUExecutionProvider::GetCapability, number of partitions supported by VSINPU: 2; number of nodes in the graph: 9; number of nodes supported by VSINPU: 8',
      { provider: 'VSINPU', partitions: 2, nodes: 9, supported: 8 },
    ],
    [
      'Number of partitions supported by QNN EP: 1, number of nodes in the graph: 3, number of nodes supported by QNN: 2',
      { provider: 'QNN', partitions: 1, nodes: 3, supported: 2 },
    ],
    ['Number of partitions supported by QNN EP: 0', { provider: 'QNN', partitions: 0, nodes: null, supported: null }],
    [
      'DnnlExecutionProvider::GetCapability, number of partitions supported by DNNL: 4 number of nodes in the graph: 10 number of nodes supported by DNNL: 5 (50.00%)',
      { provider: 'DNNL', partitions: 4, nodes: 10, supported: 5 },
    ],
    [
      '[TensorRT EP] Graph is partitioned and number of subgraphs running on TensorRT execution provider is 7',
      { provider: 'TensorRT', partitions: 7 },
    ],
    ['[TensorRT EP] Whole graph will run on TensorRT execution provider', { provider: 'TensorRT', partitions: 1 }],
    ['[TensorRT EP] No graph will run on TensorRT execution provider', { provider: 'TensorRT', partitions: 0 }],
    ['[OpenVINO-EP] Supported subgraphs on OpenVINO: 5', { provider: 'OpenVINO', partitions: 5 }],
  ];
  test.each(lines)('%s', (text, expected) => {
    expect(
      parseLog(`2024 [I:onnxruntime:Default, x_execution_provider.cc:9 GetCapability] ${text}\n`).sessions[0]!
        .capabilities,
    ).toMatchObject([expected]);
  });

  test("Android's logcat, with NNAPI's node units", () => {
    const head =
      '01-19 18:32:33.396 16761 16761 V onnxruntime:  [V:onnxruntime:ort-java, nnapi_execution_provider.cc:146 operator()]';
    const { sessions } = parseLog(
      [
        `${head} Node supported: [1] Operator type: [Reshape] index: [215] name: [Reshape_3] as part of the NodeUnit type: [Reshape] index: [215] name: [Reshape_3]`,
        '01-19 18:32:33.396 16761 16761 V onnxruntime:  [V:onnxruntime:ort-java, gemm_op_builder.cc:322 IsOpSupportedImpl] A must be 2D',
        `${head} Node supported: [0] Operator type: [DequantizeLinear] index: [37] name: [onnx::MatMul_5129] as part of the NodeUnit type: [MatMul] index: [1346] name: [/w/MatMul]`,
      ].join('\n'),
    );
    expect(sessions[0]!.logger).toBe('ort-java');
    expect(sessions[0]!.capabilities).toMatchObject([
      {
        provider: 'NNAPI',
        partitions: null,
        verdicts: [
          { index: 215, name: 'Reshape_3', opType: 'Reshape', supported: true, reasons: [] },
          {
            index: 37,
            name: 'onnx::MatMul_5129',
            opType: 'DequantizeLinear',
            supported: false,
            reasons: ['A must be 2D'],
          },
        ],
      },
    ]);
  });
});

describe('node by node', () => {
  const verbose = [
    '2023-07-25 15:13:37.1 [V:onnxruntime:, base_op_builder.cc:128 HasSupportedOpSet] Sub is only supported for opset [1, 21]',
    '2023-07-25 15:13:37.1 [V:onnxruntime:, helper.cc:97 GetSupportedNodes] Operator type: [Conv] index: [85] name: [conv[2]d (x)] supported: [1]',
    '2023-07-25 15:13:37.1 [V:onnxruntime:, resize_op_builder.cc:190 IsOpSupportedImpl] Resize only supports 4D input',
    '2023-07-25 15:13:37.1 [V:onnxruntime:, base_op_builder.cc:76 IsOpSupported] Operator [Resize] is not supported by the impl',
    '2023-07-25 15:13:37.1 [V:onnxruntime:, helper.cc:97 GetSupportedNodes] Operator type: [Resize] index: [86] name: [] supported: [0]',
    '2023-07-25 15:13:37.1 [W:onnxruntime:, coreml_execution_provider.cc:91 GetCapability] CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 24 number of nodes in the graph: 87 number of nodes supported by CoreML: 64',
    '2023-07-25 15:13:37.1 [V:onnxruntime:, base_op_builder.cc:52 AddToModelBuilder] Operator name: [conv2d_1] type: [Conv] was added',
    '2023-07-25 15:13:37.2 [V:onnxruntime:, session_state.cc:1116 VerifyEachNodeIsAssignedToAnEp] Node placements',
    '2023-07-25 15:13:37.2 [V:onnxruntime:, session_state.cc:1122 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [CoreMLExecutionProvider]. Number of nodes: 2',
    '2023-07-25 15:13:37.2 [V:onnxruntime:, session_state.cc:1124 VerifyEachNodeIsAssignedToAnEp]   123_CoreML_456_0 (CoreMLExecutionProvider_123_CoreML_456_0_0)',
    '2023-07-25 15:13:37.2 [V:onnxruntime:, session_state.cc:1124 VerifyEachNodeIsAssignedToAnEp]   123_CoreML_456_1 (CoreMLExecutionProvider_123_CoreML_456_1_1)',
    '2023-07-25 15:13:37.2 [V:onnxruntime:, session_state.cc:1122 VerifyEachNodeIsAssignedToAnEp]  Node(s) placed on [CPUExecutionProvider]. Number of nodes: 1',
    '2023-07-25 15:13:37.2 [V:onnxruntime:, session_state.cc:1124 VerifyEachNodeIsAssignedToAnEp]   com.microsoft.FusedConv (a (b) c)',
    '2023-07-25 15:13:37.2 [W:onnxruntime:, session_state.cc:1169 VerifyEachNodeIsAssignedToAnEp] Some nodes were not assigned to the preferred execution providers which may or may not have an negative impact on performance. e.g. ORT explicitly assigns shape related ops to CPU to improve perf.',
  ].join('\n');

  test('verdicts with the reasons that precede a refusal, then placements with their lists', () => {
    const { sessions } = parseLog(verbose);
    expect(sessions).toHaveLength(1);
    const [session] = sessions;
    expect(session!.capabilities[0]!.verdicts).toMatchObject([
      { index: 85, name: 'conv[2]d (x)', opType: 'Conv', supported: true, reasons: [] },
      {
        index: 86,
        name: '',
        opType: 'Resize',
        supported: false,
        reasons: ['Resize only supports 4D input', 'Operator [Resize] is not supported by the impl'],
      },
    ]);
    expect(session!.placements).toMatchObject([
      { provider: 'CoreMLExecutionProvider', nodes: 2, list: [{}, {}] },
      { provider: 'CPUExecutionProvider', nodes: 1, list: [{ opType: 'com.microsoft.FusedConv', name: 'a (b) c' }] },
    ]);
    expect(session!.notices).toMatchObject([{ kind: 'not-preferred' }]);
  });

  test('placement counts that follow one mark without lists, as people paste them', () => {
    const { sessions } = parseLog(
      [
        '[W:onnxruntime:, coreml_execution_provider.cc:113 GetCapability]',
        '  CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 14',
        '  number of nodes in the graph: 226 number of nodes supported by CoreML: 212',
        '[V:onnxruntime:, session_state.cc:1313 VerifyEachNodeIsAssignedToAnEp]',
        '  Node(s) placed on [CoreMLExecutionProvider]. Number of nodes: 14',
        '  Node(s) placed on [CPUExecutionProvider]. Number of nodes: 14',
        'Mean inference: 43.5 ms',
      ].join('\n'),
    );
    expect(sessions).toHaveLength(1);
    expect(sessions[0]!.capabilities).toMatchObject([{ partitions: 14, nodes: 226, supported: 212 }]);
    expect(sessions[0]!.placements).toMatchObject([
      { nodes: 14, list: [] },
      { nodes: 14, list: [] },
    ]);
  });

  test("old versions' placements: one line for all, or a list on the provider's line", () => {
    const mark = '2020-04-09 12:10:10.1 [V:onnxruntime:, inference_session.cc:677 TransformGraph]';
    const [all, listed] = [
      parseLog(`${mark} All nodes have been placed on [CPUExecutionProvider].`),
      parseLog(`${mark}  Provider: [CUDAExecutionProvider]: [Conv (conv_1), Relu (), ]`),
    ].map(({ sessions }) => sessions[0]!.placements[0]);
    expect(all).toMatchObject({ provider: 'CPUExecutionProvider', nodes: null, all: true });
    expect(listed).toMatchObject({
      nodes: 2,
      list: [
        { opType: 'Conv', name: 'conv_1' },
        { opType: 'Relu', name: '' },
      ],
    });
  });

  test('what else costs speed', () => {
    const { sessions } = parseLog(
      [
        '[W:onnxruntime:, transformer_memcpy.cc:83 ApplyImpl] 10 Memcpy nodes are added to the graph main_graph for CUDAExecutionProvider. It might have negative impact on performance (including unable to run CUDA graph).',
        '[I:onnxruntime:x, fallback_cpu_capability.cc:146 onnxruntime::GetCpuPreferredNodes] ORT optimization- Force fallback to CPU execution for node: strided_slice__62 because the CPU execution path is deemed faster than overhead involved with execution on other EPs  capable of executing this node',
        '[W:onnxruntime:, cuda_execution_provider.cc:2751 GetCapability] CUDA kernel not supported. Fallback to CPU execution provider for Op type: Resize node name: up_1',
        '[E:onnxruntime:, inference_session.cc:2506 Initialize] Error Creating MLModel Error in declaring network.',
      ].join('\n'),
    );
    expect(sessions.flatMap(({ notices }) => notices)).toMatchObject([
      { kind: 'copies', count: 10, provider: 'CUDAExecutionProvider' },
      { kind: 'forced-to-cpu', node: 'strided_slice__62' },
      { kind: 'no-kernel', provider: 'CUDA', opType: 'Resize', node: 'up_1' },
      { kind: 'message', severity: 'ERROR', text: 'Error Creating MLModel Error in declaring network.' },
    ]);
  });
});

describe('several sessions in one file', () => {
  const line = (id: string, partitions: number, nodes: number): string =>
    `2025-10-28 16:33:01 [W:onnxruntime:${id}, coreml_execution_provider.cc:107 GetCapability] CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: ${partitions} number of nodes in the graph: ${nodes} number of nodes supported by CoreML: ${nodes - 1}`;
  const partitionsOf = (log: string): (number | null)[][] =>
    parseLog(log).sessions.map(({ capabilities }) => capabilities.map((each) => each.partitions));

  test("the seed's three models, one after the other", () => {
    expect(
      partitionsOf([line('', 28, 520), 'Loading detector', line('', 3, 144), line('', 18, 855)].join('\n')),
    ).toEqual([[28], [3], [18]]);
  });

  test('under ids of their own, interleaved', () => {
    const start = (id: string): string =>
      `[I:onnxruntime:${id}, inference_session.cc:2610 Initialize] Initializing session.`;
    const placed = (id: string): string =>
      `[V:onnxruntime:${id}, session_state.cc:1246 VerifyEachNodeIsAssignedToAnEp]  All nodes placed on [CoreMLExecutionProvider]. Number of nodes: 1`;
    const { sessions } = parseLog(
      [start('a'), start('b'), line('b', 2, 7), line('a', 1, 5), placed('a'), placed('b')].join('\n'),
    );
    expect(
      sessions.map(({ logger, capabilities, placements }) => [logger, capabilities[0]!.partitions, placements.length]),
    ).toEqual([
      ['a', 1, 1],
      ['b', 2, 1],
    ]);
  });

  test('from two containers', () => {
    expect(partitionsOf(`gpu-1  | ${line('', 2, 7)}\ncpu-1  | ${line('', 3, 9)}\ngpu-1  | x`)).toEqual([[2], [3]]);
  });

  test('a provider that is asked again after a layout change is of the same session', () => {
    const nnapi = line('', 2, 7).replaceAll('CoreML', 'NNAPI');
    expect(partitionsOf(`${nnapi}\n${nnapi}\n${nnapi}`)).toEqual([[2, 2], [2]]);
  });
});

test('a text without any of it gives no session, and hostile text no trouble', () => {
  expect(parseLog('')).toEqual({ lines: 0, runtimeLines: 0, sessions: [] });
  expect(parseLog('hello\n{"a": [1, 2]}\n').sessions).toEqual([]);
  expect(
    parseLog(
      `${'[W:'.repeat(50_000)}\n${'Operator type: ['.repeat(20_000)}\n${'{"a":'.repeat(5000)}}\n${'1 Memcpy nodes are added to the graph '.repeat(2000)}`,
    ).sessions,
  ).toEqual([]);
});

test("an error that Rust's tracing marks with the crate's target alone is ONNX Runtime's", () => {
  const report = parseLog(
    '2026-06-10T13:00:33.434862Z  INFO speech_core::inference: Extracted 11998 mel frames\n' +
      '2026-06-10T13:00:33.705811Z ERROR ort::logging: Non-zero status code returned while running CoreML_6 node.\n',
  );
  expect(report.runtimeLines).toBe(1);
  expect(report.sessions.flatMap(({ notices }) => notices)).toMatchObject([
    { kind: 'message', severity: 'ERROR', text: 'Non-zero status code returned while running CoreML_6 node.', line: 2 },
  ]);
});
