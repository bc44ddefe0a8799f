import { asFloat32, randomNumbers, type CheckpointTensor } from 'onnx-lens/graph';
import { FaceMirrorError } from '../../../errors.js';

/** What values a tensor gets where there is no checkpoint. */
export type RandomInit =
  /** Uniform with the variance 2 / fan-in (He et al. 2015), fan-in being all dimensions but the first. */
  | 'he'
  /** Uniform within ±0.1. */
  | 'small'
  /** Uniform in 0.5 … 1.5. */
  | 'about-one'
  /** These very values: not learned. */
  | Float32Array;

/** One tensor of a network's checkpoint. */
export interface TensorSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly init: RandomInit;
  /** True for what some checkpoints leave out and no graph needs (a counter of training steps). */
  readonly optional?: boolean;
}

/** A network's tensors by name, as float32. */
export interface Weights {
  /** The values of a tensor of the network. */
  get(name: string): Float32Array;
}

/** Tensors that a network needs, by what they are for. Names are those of the PyTorch modules. */
export const spec = {
  /** A convolution's kernel `(out, in, height, width)` and, where it has one, its bias. */
  conv(name: string, dims: readonly [number, number, number, number], hasBias: boolean): TensorSpec[] {
    const weight: TensorSpec = { name: `${name}.weight`, dims, init: 'he' };
    return hasBias ? [weight, { name: `${name}.bias`, dims: [dims[0]], init: 'small' }] : [weight];
  },
  /** A batch norm's five tensors. */
  norm(name: string, channels: number): TensorSpec[] {
    return [
      { name: `${name}.weight`, dims: [channels], init: 'about-one' },
      { name: `${name}.bias`, dims: [channels], init: 'small' },
      { name: `${name}.running_mean`, dims: [channels], init: 'small' },
      { name: `${name}.running_var`, dims: [channels], init: 'about-one' },
      { name: `${name}.num_batches_tracked`, dims: [], init: 'small', optional: true },
    ];
  },
  /** A linear layer's matrix `(out, in)` and bias. */
  linear(name: string, outputs: number, inputs: number): TensorSpec[] {
    return [
      { name: `${name}.weight`, dims: [outputs, inputs], init: 'he' },
      { name: `${name}.bias`, dims: [outputs], init: 'small' },
    ];
  },
};

/** How a checkpoint differs from what a network needs, in words; empty when it fits. */
function tensorMismatches(
  expected: readonly TensorSpec[],
  found: ReadonlyMap<string, Pick<CheckpointTensor, 'dims'>>,
): string[] {
  const known = new Set(expected.map(({ name }) => name));
  const shape = (dims: readonly number[]): string => `[${dims.join(', ')}]`;
  const ofExpected = expected.flatMap(({ name, dims, optional }) => {
    const tensor = found.get(name);
    if (tensor === undefined) return optional === true ? [] : [`"${name}" ${shape(dims)} is missing`];
    const fits = tensor.dims.length === dims.length && dims.every((dim, axis) => tensor.dims[axis] === dim);
    return fits ? [] : [`"${name}" has the shape ${shape(tensor.dims)} instead of ${shape(dims)}`];
  });
  const extra = [...found]
    .filter(([name]) => !known.has(name))
    .map(([name, { dims }]) => `"${name}" ${shape(dims)} is not part of it`);
  return [...ofExpected, ...extra];
}

/**
 * The tensors of a checkpoint, after checking that they are the network's, all of them and no others. Values are read
 * when asked for.
 *
 * @param network how to call it in messages.
 * @throws FaceMirrorError CHECKPOINT_MISMATCH, naming the first tensors that are missing, extra or of another shape.
 */
export function checkpointWeights(
  network: string,
  expected: readonly TensorSpec[],
  tensors: ReadonlyMap<string, CheckpointTensor>,
  origin: string,
): Weights {
  const mismatches = tensorMismatches(expected, tensors);
  if (mismatches.length > 0) {
    const more = mismatches.length > 3 ? ` (and ${mismatches.length - 3} more)` : '';
    throw new FaceMirrorError(
      'CHECKPOINT_MISMATCH',
      `${origin} is not a checkpoint of ${network}: ${mismatches.slice(0, 3).join('; ')}${more}.`,
    );
  }
  return {
    get(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new RangeError(`${network} has no tensor "${name}".`);
      const values = asFloat32(tensor.read());
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new FaceMirrorError(
          'CHECKPOINT_MISMATCH',
          `${origin} is damaged: value ${bad} of "${name}" is not a finite number. Get the file again.`,
        );
      }
      return values;
    },
  };
}

/**
 * Made-up tensors for benchmarks and analysis: the same seed gives the same values. What such a network says means
 * nothing.
 */
export function randomWeights(expected: readonly TensorSpec[], seed: number): Weights {
  const specs = new Map(expected.map((each) => [each.name, each]));
  return {
    get(name) {
      const wanted = specs.get(name);
      if (wanted === undefined) throw new RangeError(`There is no tensor "${name}".`);
      if (wanted.init instanceof Float32Array) return wanted.init;
      const random = randomNumbers(seed ^ hash(name));
      const count = wanted.dims.reduce((product, dim) => product * dim, 1);
      const [centre, reach] = range(wanted.init, count / (wanted.dims[0] ?? 1));
      return Float32Array.from({ length: count }, () => centre + reach * (2 * random() - 1));
    },
  };
}

function range(init: Exclude<RandomInit, Float32Array>, fanIn: number): readonly [centre: number, reach: number] {
  if (init === 'he') return [0, Math.sqrt(6 / Math.max(1, fanIn))];
  return init === 'small' ? [0, 0.1] : [1, 0.5];
}

/** FNV-1a, so that a tensor's values do not depend on which others are read. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) value = Math.imul(value ^ text.charCodeAt(place), 0x01000193);
  return value;
}
