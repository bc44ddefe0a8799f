import type { GraphBuilder } from 'onnx-lens/graph';
import { conv, doubleSize, foldNorm, normLine, readKernel, type Kernel } from './layers.js';
import { CHANNELS } from './star-tensors.js';
import type { Weights } from './weights.js';

/** The layers of which STAR's stacks are made. Each method adds nodes to the graph and gives their output's name. */
export class StarLayers {
  readonly #graph: GraphBuilder;
  readonly #weights: Weights;
  readonly #constants = new Map<string, string>();

  constructor(graph: GraphBuilder, weights: Weights) {
    this.#graph = graph;
    this.#weights = weights;
  }

  /** Pre-activation residual block of three convolutions. */
  block(name: string, value: string, input: number, output: number): string {
    const graph = this.#graph;
    const middle = output / 2;
    const { scale, shift } = normLine(this.#weights, `${name}.bn1`);
    // Not to be folded: the value goes on as it is, too. A batch norm of mean 0 and variance 1 is Core ML's and the
    // CPU's fastest form.
    const normal = graph.node(
      'BatchNormalization',
      [
        value,
        graph.floats([input], scale, `${name}.bn1.scale`),
        graph.floats([input], shift, `${name}.bn1.shift`),
        this.#constant(input, 0),
        this.#constant(input, 1),
      ],
      { epsilon: 1e-45 },
      { name: `${name}.bn1` },
    );
    const kernel = (part: string, dims: Kernel['dims']): Kernel =>
      readKernel(this.#weights, `${name}.${part}.conv`, dims, true);
    const narrow = foldNorm(kernel('conv1', [middle, input, 1, 1]), normLine(this.#weights, `${name}.bn2`));
    const wide = foldNorm(kernel('conv2', [middle, middle, 3, 3]), normLine(this.#weights, `${name}.bn3`));
    const first = this.relu(`${name}.relu2`, conv(graph, `${name}.conv1`, this.relu(`${name}.relu1`, normal), narrow));
    const second = this.relu(`${name}.relu3`, conv(graph, `${name}.conv2`, first, wide));
    const third = conv(graph, `${name}.conv3`, second, kernel('conv3', [output, middle, 1, 1]));
    const skip =
      input === output ? value : conv(graph, `${name}.skip_layer`, value, kernel('skip_layer', [output, input, 1, 1]));
    return graph.node('Add', [third, skip], {}, { name: `${name}.add` });
  }

  hourglass(name: string, value: string, level: number): string {
    const block = (part: string, from: string): string => this.block(`${name}.${part}`, from, CHANNELS, CHANNELS);
    const upper = block('up1', value);
    const low1 = block('low1', this.pool(`${name}.pool1`, value));
    const low2 = level > 1 ? this.hourglass(`${name}.low2`, low1, level - 1) : block('low2', low1);
    const lower = doubleSize(this.#graph, `${name}.up2`, block('low3', low2));
    return this.#graph.node('Add', [upper, lower], {}, { name: `${name}.add` });
  }

  /**
   * The sigmoid of a convolution, also where it is next to nothing. ONNX Runtime's Sigmoid is right to some 3e-8 and
   * ends at 1.5e-8; a landmark whose attention is that low all over would be pulled to the middle of the picture. An
   * eighth of the logit is in the range where the sigmoid is good: its odds to the eighth power are those that are
   * sought.
   */
  fineSigmoid(name: string, feature: string, kernel: Kernel): string {
    const graph = this.#graph;
    const one = graph.floats([], [1], `${name}.one`);
    const op = (opType: string, inputs: readonly string[], part: string): string =>
      graph.node(opType, inputs, {}, { name: `${name}.${part}` });
    const eighth = {
      ...kernel,
      weight: kernel.weight.map((value) => value / 8),
      bias: kernel.bias.map((value) => value / 8),
    };
    const bounded = this.clip(`${name}.bounded`, conv(graph, `${name}.logits`, feature, eighth), -5, 5);
    const share = op('Sigmoid', [bounded], 'share');
    let odds = op('Div', [share, op('Sub', [one, share], 'rest')], 'odds');
    for (const power of [2, 4, 8]) odds = op('Mul', [odds, odds], `odds${power}`);
    return op('Div', [odds, op('Add', [one, odds], 'whole')], 'sigmoid');
  }

  pointwise(name: string, output: number, input: number): Kernel {
    return readKernel(this.#weights, `${name}.conv`, [output, input, 1, 1], true);
  }

  relu(name: string, value: string): string {
    return this.#graph.node('Relu', [value], {}, { name });
  }

  pool(name: string, value: string): string {
    return this.#graph.node('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] }, { name });
  }

  clip(name: string, value: string, low: number, high?: number): string {
    const limits = [low, ...(high === undefined ? [] : [high])].map((limit) =>
      this.#graph.floats([], [limit], `${name}.limit`),
    );
    return this.#graph.node('Clip', [value, ...limits], {}, { name });
  }

  #constant(count: number, value: number): string {
    const key = `constant_${value}_${count}`;
    const known = this.#constants.get(key) ?? this.#graph.floats([count], new Float32Array(count).fill(value), key);
    this.#constants.set(key, known);
    return known;
  }
}
