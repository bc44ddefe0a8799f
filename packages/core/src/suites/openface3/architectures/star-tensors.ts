import { STAR_EDGES, STAR_POINTS, edgeMembership } from './star-geometry.js';
import { spec, type TensorSpec } from './weights.js';

/** Hourglasses one after another, and the levels of each. */
export const STACKS = 4;
export const LEVELS = 4;
/** Channels of the features between the blocks. */
export const CHANNELS = 256;
/** The stem's blocks: name, input and output channels. A pooling lies between the first two. */
const STEM_BLOCKS = [
  ['pre.1', 64, 128],
  ['pre.3', 128, 128],
  ['pre.4', 128, CHANNELS],
] as const;

/** A residual block's tensors. The file holds a skip layer even where input and output are alike and it is not used. */
function blockTensors(name: string, input: number, output: number): TensorSpec[] {
  const middle = output / 2;
  return [
    ...spec.norm(`${name}.bn1`, input),
    ...spec.conv(`${name}.conv1.conv`, [middle, input, 1, 1], true),
    ...spec.norm(`${name}.bn2`, middle),
    ...spec.conv(`${name}.conv2.conv`, [middle, middle, 3, 3], true),
    ...spec.norm(`${name}.bn3`, middle),
    ...spec.conv(`${name}.conv3.conv`, [output, middle, 1, 1], true),
    ...spec.conv(`${name}.skip_layer.conv`, [output, input, 1, 1], true),
  ];
}

function hourglassTensors(name: string, level: number): TensorSpec[] {
  const block = (part: string): TensorSpec[] => blockTensors(`${name}.${part}`, CHANNELS, CHANNELS);
  const inner = level > 1 ? hourglassTensors(`${name}.low2`, level - 1) : block('low2');
  return [...block('up1'), ...block('low1'), ...inner, ...block('low3')];
}

/** Every tensor of the network's checkpoint. */
export function starTensors(): TensorSpec[] {
  const stacks = Array.from({ length: STACKS }, (_, stack) => stack);
  const pointwise = (name: string, output: number, input: number): TensorSpec[] =>
    spec.conv(`${name}.conv`, [output, input, 1, 1], true);
  return [
    ...spec.conv('pre.0.conv', [64, 6, 7, 7], true),
    ...spec.norm('pre.0.bn', 64),
    ...STEM_BLOCKS.flatMap(([name, input, output]) => blockTensors(name, input, output)),
    { name: 'e2h_transform.weight', dims: [STAR_POINTS, STAR_EDGES, 1, 1], init: edgeMembership() },
    { name: 'e2h_transform.bias', dims: [STAR_POINTS], init: uncovered() },
    ...stacks.flatMap((stack) => [
      ...pointwise(`hgs.${stack}.coordconv`, CHANNELS, stack === 0 ? CHANNELS + 3 : CHANNELS + 5),
      ...hourglassTensors(`hgs.${stack}`, LEVELS),
      ...blockTensors(`features.${stack}.0`, CHANNELS, CHANNELS),
      ...pointwise(`features.${stack}.1`, CHANNELS, CHANNELS),
      ...spec.norm(`features.${stack}.1.bn`, CHANNELS),
      ...pointwise(`out_heatmaps.${stack}`, STAR_POINTS, CHANNELS),
      ...pointwise(`out_edgemaps.${stack}`, STAR_EDGES, CHANNELS),
      ...pointwise(`out_pointmaps.${stack}`, STAR_POINTS, CHANNELS),
    ]),
    ...stacks
      .slice(1)
      .flatMap((_, stack) => [
        ...pointwise(`merge_features.${stack}`, CHANNELS, CHANNELS),
        ...pointwise(`merge_heatmaps.${stack}`, CHANNELS, STAR_POINTS),
        ...pointwise(`merge_edgemaps.${stack}`, CHANNELS, STAR_EDGES),
        ...pointwise(`merge_pointmaps.${stack}`, CHANNELS, STAR_POINTS),
      ]),
  ];
}

/** 1 for the points that no edge passes through (the pupils). */
function uncovered(): Float32Array {
  const membership = edgeMembership();
  return Float32Array.from({ length: STAR_POINTS }, (_, point) =>
    membership.subarray(point * STAR_EDGES, (point + 1) * STAR_EDGES).includes(1) ? 0 : 1,
  );
}
