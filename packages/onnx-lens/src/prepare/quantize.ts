import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { intAttribute } from '../model/attributes.js';
import { copyMessage } from '../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
  type ModelProto,
  type NodeProto,
} from '../model/generated/onnx_pb.js';
import { serializeModel } from '../model/serialize.js';
import { elementCount, floatTensor, tensorNumbers, type Tensor } from '../model/tensors.js';
import { removeDead } from '../rewrite/passes/dead-nodes.js';
import { raiseOpset } from '../rewrite/passes/raise-opset.js';
import { Workbench } from '../rewrite/workbench.js';
import { withSession } from '../runtime/session.js';
import type { Feeds } from './calibration.js';

/** Least and greatest value that was seen. */
interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * A copy of the model with QuantizeLinear and DequantizeLinear around Conv, Gemm and MatMul with constant weights:
 * weights int8, symmetric, a scale for each output channel; activations uint8, a scale for each tensor from the least
 * and greatest value that the calibration inputs produce.
 *
 * @throws OnnxLensError USAGE without calibration inputs, UNSUPPORTED_MODEL for an opset below 13 that cannot be
 *   raised.
 *
 * @example
 * const model = fixDimensions(loadModel('model.onnx', 'read'), { batch: 1 });
 * const small = await quantizeModel(model, readCalibration('photos', model));
 * small.graph?.node.some((node) => node.opType === 'QuantizeLinear'); // true
 */
export async function quantizeModel(model: ModelProto, calibration: readonly Feeds[]): Promise<ModelProto> {
  if (calibration.length === 0) throw new OnnxLensError('USAGE', 'Quantizing needs at least one calibration input.');
  const bench = await Workbench.open(model);
  await raiseOpset.applyToGraph(bench);
  if (bench.opset < 13) {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `Scales for each channel need opset 13; this model's opset ${bench.opset} cannot be raised.`,
    );
  }
  const nodes = bench.nodes.filter((node) => isQuantizable(node, bench));
  const activations = new Set(nodes.flatMap((node) => [node.input[0] ?? '', node.output[0] ?? '']));
  const ranges = await observe(bench.model, [...activations], calibration);
  for (const node of nodes) quantizeWeights(node, bench);
  for (const value of activations) {
    const range = ranges.get(value);
    if (range !== undefined) quantizeActivation(value, range, bench);
  }
  // The float weights, which nothing reads any more, would make the file larger than it was.
  removeDead(bench);
  return bench.model;
}

function isQuantizable(node: NodeProto, bench: Workbench): boolean {
  if (node.domain !== '' || !['Conv', 'Gemm', 'MatMul'].includes(node.opType)) return false;
  const [data = '', weights = ''] = node.input;
  const rank = bench.rank(weights);
  if (
    bench.dataType(data) !== DataType.FLOAT ||
    bench.isConstant(data) ||
    bench.constant(weights)?.dataType !== DataType.FLOAT
  )
    return false;
  return node.opType === 'Conv' || (rank === 2 && intAttribute(node, 'transA', 0) === 0);
}

/** Runs the calibration inputs with the wanted values as outputs. */
async function observe(
  model: ModelProto,
  values: readonly string[],
  calibration: readonly Feeds[],
): Promise<Map<string, Range>> {
  const graph = model.graph ?? create(GraphProtoSchema);
  const inputs = new Set(graph.input.map((input) => input.name));
  const computed = values.filter((value) => !inputs.has(value));
  const listed = new Set(graph.output.map((output) => output.name));
  const added = computed.filter((name) => !listed.has(name)).map((name) => create(ValueInfoProtoSchema, { name }));
  const watched = copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, graph, { output: [...graph.output, ...added] }),
  });
  const ranges = new Map<string, Range>();
  await withSession(
    serializeModel(watched),
    { optimization: 'basic', origin: 'the model to calibrate' },
    async (session) => {
      for (const feeds of calibration) {
        const results = await session.run(feeds, computed);
        for (const value of values) {
          const tensor = results.get(value) ?? feeds.get(value);
          if (tensor !== undefined) ranges.set(value, widen(tensor, ranges.get(value)));
        }
      }
    },
  );
  return ranges;
}

/** Zero is always inside, so that padding and ReLU are exact. */
function widen(tensor: Tensor, known: Range = { min: 0, max: 0 }): Range {
  let { min, max } = known;
  for (const value of tensor.data as Float32Array) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function quantizeWeights(node: NodeProto, bench: Workbench): void {
  const name = node.input[1] ?? '';
  const weights = bench.constant(name);
  if (weights === undefined) return;
  const isByRow = node.opType === 'Conv' || (node.opType === 'Gemm' && intAttribute(node, 'transB', 0) !== 0);
  const axis = isByRow ? 0 : weights.dims.length - 1;
  const { data, scales } = perChannel(weights, axis);
  const stored = bench.addConstant({ dataType: DataType.INT8, dims: weights.dims, data }, `${name}/int8`);
  const scale = bench.addConstant(floatTensor([scales.length], scales), `${name}/scale`);
  const zero = bench.addConstant(
    { dataType: DataType.INT8, dims: [scales.length], data: new Int8Array(scales.length) },
    `${name}/zero`,
  );
  bench.insertBefore(node, (emit) => {
    const restored = emit.node('DequantizeLinear', [stored, scale, zero], { axis });
    return node.input.map((input, place) => (place === 1 ? restored : input));
  });
}

function perChannel(weights: Tensor, axis: number): { data: Int8Array; scales: number[] } {
  const numbers = tensorNumbers(weights);
  const channels = weights.dims[axis] ?? 1;
  const inner = elementCount(weights.dims.slice(axis + 1));
  const channelOf = (at: number): number => Math.floor(at / inner) % channels;
  const largest = new Array<number>(channels).fill(0);
  numbers.forEach((value, at) => {
    const channel = channelOf(at);
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(value));
  });
  const scales = largest.map((value) => Math.fround(value === 0 ? 1 : value / 127));
  const data = Int8Array.from(numbers, (value, at) =>
    Math.max(-127, Math.min(127, Math.round(value / (scales[channelOf(at)] ?? 1)))),
  );
  return { data, scales };
}

function quantizeActivation(value: string, { min, max }: Range, bench: Workbench): void {
  if (!(max > min)) return;
  const step = Math.fround((max - min) / 255);
  const zeroPoint = Math.max(0, Math.min(255, Math.round(-min / step)));
  const scale = bench.addConstant(floatTensor([], [step]), `${value}/scale`);
  const zero = bench.addConstant(
    { dataType: DataType.UINT8, dims: [], data: Uint8Array.of(zeroPoint) },
    `${value}/zero`,
  );
  bench.insertAfter(value, (emit) =>
    emit.node('DequantizeLinear', [emit.node('QuantizeLinear', [value, scale, zero]), scale, zero]),
  );
}
