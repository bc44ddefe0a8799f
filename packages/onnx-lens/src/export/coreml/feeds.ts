import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/serialize.js';
import { floatTensor, type Tensor } from '../../model/tensors.js';
import { randomNumbers } from '../../random.js';
import { proofRuns } from '../../rewrite/proof-runs.js';
import type { InputRange } from '../../rewrite/seeded-inputs.js';
import { usualRanges } from '../../rewrite/usual-ranges.js';
import { withSession } from '../../runtime/session.js';
import type { Feed } from './half-error.js';

/** How many inputs to make, and from which ranges where they are known. */
export interface FeedPlan {
  readonly samples: number;
  readonly seed: number;
  readonly ranges: Readonly<Record<string, InputRange>>;
}

/**
 * Seeded inputs on which rounding is measured: those of a proof, but for pictures, which are smooth here as real ones
 * are. (Networks are chaotic on noise: there rounding is multiplied as on no picture.)
 */
export async function seededFeeds(model: ModelProto, how: FeedPlan): Promise<Feed[]> {
  const usual = usualRanges(model);
  const plan = { ...how, batches: [1], sizes: {}, mayLeaveOut: false, usual, fixed: new Map<string, Tensor>() };
  return withSession(serializeModel(model), { origin: 'the original' }, async (session) => {
    const feeds: Feed[] = [];
    for await (const run of proofRuns(session, session, plan)) {
      if (run.kind !== 'random') continue;
      const smooth = Array.from(run.feeds, ([name, tensor]) => {
        const ranges = how.ranges[name] === undefined ? usual.get(name) : [how.ranges[name]];
        const range = ranges?.[feeds.length % ranges.length];
        return [
          name,
          range === undefined ? tensor : (smoothPicture(tensor, range, how.seed + feeds.length) ?? tensor),
        ] as const;
      });
      feeds.push(new Map(smooth));
    }
    return feeds;
  });
}

/**
 * Random colours of coarse and of finer grids, blended between their points, and a little noise. Undefined for what is
 * no picture.
 */
function smoothPicture({ dims }: Tensor, { min, max }: InputRange, seed: number): Tensor | undefined {
  const isPlanar = (dims[1] ?? 0) <= 4;
  const [channels = 1, height = 1, width = 1] = isPlanar ? dims.slice(1) : [dims[3] ?? 1, dims[1] ?? 1, dims[2] ?? 1];
  if (dims.length !== 4 || dims[0] !== 1 || channels > 4 || Math.min(height, width) < 8) return undefined;
  const random = randomNumbers(seed);
  const data = new Float32Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    const [coarse, fine] = [grid(5, random), grid(17, random)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [v, u] = [y / height, x / width];
        const value = 0.65 * coarse(v, u) + 0.3 * fine(v, u) + 0.05 * random();
        const at = isPlanar ? (channel * height + y) * width + x : (y * width + x) * channels + channel;
        data[at] = min + (max - min) * value;
      }
    }
  }
  return floatTensor(dims, data);
}

/** Numbers of 0 to 1 at the points of a square grid, and those between by place (0 to 1 along both axes). */
function grid(points: number, random: () => number): (v: number, u: number) => number {
  const values = Float32Array.from({ length: points * points }, random);
  const at = (row: number, column: number): number => values[row * points + column] ?? 0;
  return (v, u) => {
    const [y, x] = [v * (points - 1), u * (points - 1)];
    const [row, column] = [Math.floor(y), Math.floor(x)];
    const [dy, dx] = [y - row, x - column];
    const above = at(row, column) * (1 - dx) + at(row, column + 1) * dx;
    return above * (1 - dy) + (at(row + 1, column) * (1 - dx) + at(row + 1, column + 1) * dx) * dy;
  };
}
