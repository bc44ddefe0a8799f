/** A small face detector as exporters of 2019 wrote them: opset 9, every weight listed among the inputs. */
import { floatAttribute, GraphBuilder, saveModel } from '../packages/onnx-lens/dist/index.js';
import { randomNumbers } from '../packages/onnx-lens/dist/graph.js';
import { valueInfo } from '../packages/onnx-lens/dist/model/builder.js';
import { TensorProto_DataType as DataType } from '../packages/onnx-lens/dist/model/generated/onnx_pb.js';

/** Channels of each stage, its stride and how much an inverted residual widens. */
const STAGES = [
  [16, 1, 1],
  [24, 2, 6],
  [24, 1, 6],
  [32, 2, 6],
  [32, 1, 6],
  [64, 2, 6],
  [64, 1, 6],
];

/** Writes the model: inverted residuals, a pyramid of transposed convolutions, and four heads. */
export function writeOldExport(path) {
  const graph = new GraphBuilder('old-export');
  const random = randomNumbers(7);
  const weights = (dims, scale) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return graph.floats(
      dims,
      Float32Array.from({ length: count }, () => scale * (2 * random() - 1)),
      'weight',
    );
  };
  const positive = (count) =>
    graph.floats(
      [count],
      Float32Array.from({ length: count }, () => 0.5 + random()),
      'norm',
    );
  const norm = (value, channels) =>
    graph.node('BatchNormalization', [
      value,
      positive(channels),
      weights([channels], 0.1),
      weights([channels], 0.1),
      positive(channels),
    ]);
  const clipped = (value) => graph.node('Clip', [value], { min: floatAttribute(0), max: floatAttribute(6) });
  const conv = (value, from, to, kernel, stride = 1, group = 1) => {
    const dims = [to, from / group, kernel, kernel];
    const scale = Math.sqrt(3 / (dims[1] * kernel * kernel));
    const pad = (kernel - 1) / 2;
    const made = graph.node('Conv', [value, weights(dims, scale)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      dilations: [1, 1],
      group,
    });
    return norm(made, to);
  };
  let value = clipped(conv(graph.input('input.1', DataType.FLOAT, [10, 3, 32, 32]), 3, 16, 3, 2));
  let channels = 16;
  const stages = [];
  for (const [to, stride, factor] of STAGES) {
    const wide = channels * factor;
    const widened = factor === 1 ? value : clipped(conv(value, channels, wide, 1));
    const next = conv(clipped(conv(widened, wide, wide, 3, stride, wide)), wide, to, 1);
    if (stride === 2) stages.push([value, channels]);
    value = stride === 1 && to === channels ? graph.node('Add', [value, next]) : next;
    channels = to;
  }
  for (const [side, width] of stages.toReversed()) {
    const up = graph.node('ConvTranspose', [clipped(conv(value, channels, 24, 1)), weights([24, 24, 2, 2], 0.2)], {
      kernel_shape: [2, 2],
      strides: [2, 2],
      pads: [0, 0, 0, 0],
      dilations: [1, 1],
      group: 1,
    });
    value = graph.node('Add', [clipped(norm(up, 24)), clipped(conv(side, width, 24, 1))]);
    channels = 24;
  }
  value = clipped(conv(value, 24, 24, 3));
  for (const [name, count] of [
    ['heatmap', 1],
    ['scale', 2],
    ['offset', 2],
    ['landmarks', 10],
  ]) {
    const head = graph.node('Conv', [value, weights([count, 24, 1, 1], 0.2), weights([count], 0.1)], {
      kernel_shape: [1, 1],
    });
    const outputs = { outputs: [String(name)] };
    graph.output(
      name === 'heatmap' ? graph.node('Sigmoid', [head], {}, outputs) : graph.node('Identity', [head], {}, outputs),
      DataType.FLOAT,
      [10, count, 16, 16],
    );
  }
  const model = graph.toModel({ opset: 9 });
  model.irVersion = 6n; // from 4 on, listed weights may be overridden and are no constants
  model.graph.input.push(
    ...model.graph.initializer.map(({ name, dataType, dims }) => valueInfo(name, dataType, dims.map(Number))),
  );
  saveModel(model, path);
}
