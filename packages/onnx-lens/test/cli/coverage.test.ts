import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../../src/model/builder.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../src/model/generated/onnx_pb.js';
import { saveModel } from '../../src/model/save.js';
import { serializeModel } from '../../src/model/serialize.js';
import { readTensor } from '../../src/model/tensors.js';
import { onnxLens } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-coverage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Relu, an operator that Core ML does not take, Relu; the first dimension is free. */
function threeNodes(): ModelProto {
  const graph = new GraphBuilder('three');
  const x = graph.input('x', DataType.FLOAT, ['batch', 3, 8, 8]);
  const first = graph.node('Relu', [x], {}, { name: 'first' });
  const odd = graph.node('Sin', [first], {}, { name: 'odd' });
  graph.output(graph.node('Relu', [odd], {}, { name: 'last', outputs: ['y'] }), DataType.FLOAT, ['batch', 3, 8, 8]);
  return graph.toModel({ opset: 17 });
}

const MODEL = at('three.onnx');
beforeAll(() => saveModel(threeNodes(), MODEL));

interface CoverageDocument {
  readonly format: string | null;
  readonly provider: string;
  readonly ort: string;
  readonly nodes: number;
  readonly supported: number;
  readonly cpu: number;
  readonly partitions: number;
  readonly staticShapesOnly: boolean;
  readonly perNode: readonly {
    readonly name: string;
    readonly supported: boolean;
    readonly partition: number | null;
    readonly reason: string | null;
  }[];
  readonly logComparison?: { readonly agrees: boolean };
}

function json(...args: string[]): CoverageDocument {
  const { status, stdout, stderr } = onnxLens(['coverage', MODEL, '--json', '-', ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as CoverageDocument;
}

describe('a model that falls in two', () => {
  test('as JSON on standard output, and nothing else there', () => {
    expect(json()).toMatchObject({
      provider: 'coreml',
      format: 'neuralnetwork',
      ort: '1.32',
      nodes: 3,
      supported: 2,
      cpu: 1,
      partitions: 2,
    });
    expect(json().perNode).toMatchObject([
      { name: 'first', supported: true, partition: 0, reason: null },
      { name: 'odd', supported: false, partition: null, reason: expect.any(String) as string },
      { name: 'last', supported: true, partition: 1, reason: null },
    ]);
  });

  test('options reach the analysis', () => {
    expect(json('--format', 'mlprogram', '--ort', '1.21')).toMatchObject({ format: 'mlprogram', ort: '1.21' });
    expect(json('--static-shapes-only')).toMatchObject({ staticShapesOnly: true, supported: 0 });
    expect(json('--static-shapes-only', '--fix', 'batch=2')).toMatchObject({ supported: 2, partitions: 2 });
    expect(json('--assume-optimized')).toMatchObject({ nodes: 3, supported: 2 });
  });

  test('every face in one run: files whole, the text on standard output', () => {
    const { status, stdout } = onnxLens([
      'coverage',
      MODEL,
      '--html',
      at('r.html'),
      '--md',
      at('r.md'),
      '--json',
      at('r.json'),
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/Total operators\s+3\n/);
    expect(readFileSync(at('r.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(readFileSync(at('r.md'), 'utf8')).toContain('Core ML partitions:');
    expect((JSON.parse(readFileSync(at('r.json'), 'utf8')) as CoverageDocument).partitions).toBe(2);
  });

  test('against a log', () => {
    const log =
      'CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 2 number of nodes in the graph: 3 number of nodes supported by CoreML: 2\n';
    writeFileSync(at('run.log'), log);
    expect(json('--compare-log', at('run.log')).logComparison).toMatchObject({ agrees: true });
    const piped = onnxLens(['coverage', MODEL, '--compare-log', '-'], { input: log });
    expect(piped.stdout).toContain('agrees with the log in every figure');
  });
});

describe('weights in every form of the file format', () => {
  test('may stand in fields of their own type, as onnx.helper writes them', () => {
    const graph = new GraphBuilder('typed');
    const x = graph.input('x', DataType.FLOAT, ['batch', 4]);
    const reshaped = graph.node('Reshape', [x, graph.ints([-1, 2])], {}, { name: 'reshape' });
    graph.output(
      graph.node('Mul', [reshaped, graph.floats([2], [1, 2])], {}, { name: 'mul', outputs: ['y'] }),
      DataType.FLOAT,
      ['rows', 2],
    );
    const model = graph.toModel({ opset: 17 });
    for (const tensor of model.graph!.initializer) {
      const { data } = readTensor(tensor);
      if (data instanceof BigInt64Array) tensor.int64Data = [...data];
      else tensor.floatData = [...(data as Float32Array)];
      // @ts-expect-error The generated type does not know that a field can be unset.
      delete tensor.rawData;
    }
    saveModel(model, at('typed.onnx'));
    const { status, stdout, stderr } = onnxLens(['coverage', at('typed.onnx'), '--json', '-']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((JSON.parse(stdout) as CoverageDocument).nodes).toBe(2);
  });
});

describe('another provider', () => {
  test('has its own rules, and no formats to compare', () => {
    const graph = new GraphBuilder('conv');
    const x = graph.input('x', DataType.FLOAT, [1, 3, 8, 8]);
    const features = graph.node(
      'Conv',
      [x, graph.floats([4, 3, 3, 3], new Array<number>(108).fill(0.1))],
      {},
      { name: 'taken' },
    );
    graph.output(graph.node('Sin', [features], {}, { name: 'left', outputs: ['y'] }), DataType.FLOAT, [1, 4, 6, 6]);
    saveModel(graph.toModel({ opset: 17 }), at('conv.onnx'));
    const { status, stdout } = onnxLens(['coverage', at('conv.onnx'), '--provider', 'xnnpack', '--json', '-']);
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as CoverageDocument;
    expect(document).toMatchObject({ provider: 'xnnpack', format: null, nodes: 2, supported: 1, partitions: 1 });
    expect(document.perNode).toMatchObject([
      { name: 'taken', supported: true },
      { name: 'left', supported: false },
    ]);
  });
});

describe('used wrongly it leaves with 2 and names what is allowed', () => {
  test.each([
    [['--provider', 'tensorrt'], /coreml, xnnpack, nnapi, webnn/],
    [['--format', 'mlmodel'], /mlprogram, neuralnetwork/],
    [['--ort', '1.20'], /1\.21, .*1\.32, or latest/],
    [['--fix', 'batch=0'], /batch_size=1,height=640/],
    [['--fix', 'batch'], /name=size/],
    [['--fix', 'width=3'], /has no free dimension "width".*batch/],
    [['--provider', 'xnnpack', '--format', 'mlprogram'], /Only Core ML has formats/],
    [['--json', '-', '--md', '-'], /Only one of/],
    [['--html', MODEL], /is read by this command/],
    [['extra'], /too many arguments/],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = onnxLens(['coverage', MODEL, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(existsSync(MODEL)).toBe(true);
  });
});

describe('bad input is one clear sentence and exit 1', () => {
  const broken: Readonly<Record<string, () => Uint8Array | string>> = {
    'not protobuf': () => 'this is no model, whatever its name',
    empty: () => '',
    'a picture': () => Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]),
    truncated: () => serializeModel(threeNodes()).subarray(0, 60),
    'truncated by one byte': () => serializeModel(threeNodes()).subarray(0, -1),
    'a cycle': () => {
      const model = threeNodes();
      const [first, , last] = model.graph!.node;
      first!.input = [last!.output[0]!];
      return serializeModel(model);
    },
    'a node that needs itself': () => {
      const model = threeNodes();
      const [first] = model.graph!.node;
      first!.input = [first!.output[0]!];
      return serializeModel(model);
    },
    'a missing initializer': () => {
      const model = threeNodes();
      model.graph!.node[1] = {
        ...model.graph!.node[1]!,
        opType: 'Add',
        input: [model.graph!.node[1]!.input[0]!, 'weights'],
      };
      return serializeModel(model);
    },
    'an output that nothing makes': () => {
      const model = threeNodes();
      model.graph!.output[0]!.name = 'nowhere';
      return serializeModel(model);
    },
    'an unknown domain': () => {
      const model = threeNodes();
      model.graph!.node[1]!.domain = 'com.example.unheard';
      return serializeModel(model);
    },
    'an unknown operator': () => {
      const model = threeNodes();
      model.graph!.node[1]!.opType = 'Frobnicate';
      return serializeModel(model);
    },
    'an opset of the future': () => {
      const model = threeNodes();
      model.opsetImport[0]!.version = 999n;
      return serializeModel(model);
    },
    'external data that is not there': () => {
      const graph = new GraphBuilder('external');
      const x = graph.input('x', DataType.FLOAT, [1, 4]);
      const weights = graph.floats([4], [1, 2, 3, 4]);
      graph.output(graph.node('Add', [x, weights], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 4]);
      const model = graph.toModel({ opset: 17 });
      const [tensor] = model.graph!.initializer;
      tensor!.rawData = new Uint8Array();
      tensor!.floatData = [];
      tensor!.dataLocation = 1;
      tensor!.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'gone.bin' }];
      return serializeModel(model);
    },
  };

  test.each(Object.entries(broken))('%s', (what, make) => {
    const path = at(`${what.replace(/\W/g, '-')}.onnx`);
    writeFileSync(path, make());
    const { status, stdout, stderr } = onnxLens(['coverage', path, '--json', '-']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^onnx-lens: [^]{20,500}\.\n$/);
    expect(stderr).not.toMatch(/unexpected error|onnxruntime::|std::/);
  });

  test('no such file, a folder', () => {
    for (const path of [at('none.onnx'), folder]) {
      const { status, stderr } = onnxLens(['coverage', path]);
      expect(status).toBe(1);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).toContain(path);
    }
  });
});
