import type { CoverageResult, NodeVerdict } from '../../src/coverage/result.js';

/** A name that tries every way out of text: markup, scripts, Markdown, terminal codes and reversed writing. */
export const HOSTILE =
  '</script><script>document.title="owned"</script><img src=x onerror=alert(1)> "\'`| [a](javascript:x) *b* \u001b[2J\u202etxt.exe\n# h';

const node = (
  index: number,
  opType: string,
  name: string,
  partition: number | null,
  reason: NodeVerdict['reason'] = null,
): NodeVerdict => ({
  index,
  name,
  opType,
  domain: '',
  supported: partition !== null,
  partition,
  reason,
  macs: opType === 'Conv' ? 3_000_000 : 0,
  weightBytes: opType === 'Conv' ? 4096 : 0,
});

/** Six nodes in two partitions with one between them, and one dropped; names are a stranger's. */
export function sampleResult(name = HOSTILE): CoverageResult {
  const perNode = [
    node(0, 'Conv', 'first', 0),
    node(1, 'Relu', '', 0),
    node(2, 'Resize', name, null, { rule: 'resize.mode', text: `Resize "${name}" has mode cubic` }),
    node(3, 'Conv', 'second', 1),
    node(4, 'Relu', 'second/relu', 1),
    node(5, 'Shape', 'lone', null, { rule: 'partition.dropped', text: 'The group has no input but constants' }),
  ];
  const tensor = (value: string, shape: (number | string)[], bytes: number | null) => ({
    name: value,
    shape,
    type: 'float',
    bytes,
  });
  return {
    model: `models/${name}`,
    target: { provider: 'coreml', format: 'mlprogram', staticShapesOnly: false, ort: '1.30' },
    rules: { ort: '1.30', statement: `Rules of 1.30, ${name}` },
    nodes: 6,
    supported: 4,
    cpu: 2,
    coverage: 400 / 6,
    partitions: [
      {
        index: 0,
        nodes: [0, 1],
        inputs: [tensor('x', [1, 3, 8, 8], 768)],
        outputs: [tensor(name, ['batch', 16, '', 8], null)],
        boundaryBytes: 768,
        macs: 3_000_000,
        weightBytes: 4096,
      },
      {
        index: 1,
        nodes: [3, 4],
        inputs: [tensor('r', [1, 16, 16, 16], 16384)],
        outputs: [tensor('y', [1, 16, 16, 16], 16384)],
        boundaryBytes: 32768,
        macs: 3_000_000,
        weightBytes: 4096,
      },
    ],
    impact: 'MEDIUM',
    advice: `Replace ${name}.`,
    perNode,
    causes: [
      {
        rule: 'resize.mode',
        text: `Resize "${name}" has mode cubic`,
        opTypes: ['Resize'],
        nodes: [2],
        partitionsWithout: 1,
        partitionsSaved: 1,
      },
      {
        rule: 'partition.dropped',
        text: 'The group has no input but constants',
        opTypes: ['Shape'],
        nodes: [5],
        partitionsWithout: 3,
        partitionsSaved: -1,
      },
    ],
    subgraphs: [],
    work: { macsOnProvider: 6_000_000, macsOnCpu: 0, weightBytesOnProvider: 8192, weightBytesOnCpu: 0 },
    variants: [
      {
        label: 'NeuralNetwork',
        format: 'neuralnetwork',
        fixedShapes: false,
        nodes: 6,
        supported: 3,
        coverage: 50,
        partitions: 3,
      },
      {
        label: 'NeuralNetwork, fixed shapes',
        format: 'neuralnetwork',
        fixedShapes: true,
        nodes: 5,
        supported: 4,
        coverage: 80,
        partitions: 2,
      },
      {
        label: 'MLProgram',
        format: 'mlprogram',
        fixedShapes: false,
        nodes: 6,
        supported: 4,
        coverage: 400 / 6,
        partitions: 2,
      },
      {
        label: 'MLProgram, fixed shapes',
        format: 'mlprogram',
        fixedShapes: true,
        nodes: 5,
        supported: 5,
        coverage: 100,
        partitions: 1,
      },
    ],
    notes: [`A note about ${name}`],
  };
}

/** A VERBOSE log of the same model; `accepted` changes single answers. */
export function sampleLog(result: CoverageResult, accepted: ReadonlyMap<number, boolean> = new Map()): string {
  const lines = result.perNode.map(({ index, opType, name, supported, reason }) => {
    const answer = accepted.get(index) ?? (supported || reason?.rule === 'partition.dropped');
    return `[V:onnxruntime:, helper.cc:117 GetSupportedNodes] Operator type: [${opType}] index: [${index + 40}] name: [${name}] supported: [${answer ? 1 : 0}]`;
  });
  return [
    ...lines,
    `[W:onnxruntime:, coreml_execution_provider.cc:107 GetCapability] CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: ${result.partitions.length} number of nodes in the graph: ${result.nodes} number of nodes supported by CoreML: ${result.supported}`,
  ].join('\n');
}
