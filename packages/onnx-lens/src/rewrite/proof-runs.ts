import { messageOf, OnnxLensError } from '../errors.js';
import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
import type { Tensor } from '../model/tensors.js';
import type { Session } from '../runtime/session.js';
import { seededTensor, type InputKind, type InputRange } from './seeded-inputs.js';

/** What the runs of a proof are made of. */
export interface RunPlanOptions {
  /** Random items for each batch size. */
  readonly samples: number;
  readonly seed: number;
  readonly batches: readonly number[];
  /** A batch size that the original does not take may be left out, where another has run. */
  readonly mayLeaveOut?: boolean;
  /** Sizes of free dimensions by name, or `input[axis]`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Range of values for an input by name. */
  readonly ranges: Readonly<Record<string, InputRange>>;
  /** Usual ranges of inputs of which no range is given, taken in turn by the seed. */
  readonly usual?: ReadonlyMap<string, readonly InputRange[]>;
  /** What the original gets besides, where the rewritten model has a constant. */
  readonly fixed?: ReadonlyMap<string, Tensor>;
}

/** One run of both models. */
export interface ProofRun {
  readonly seed: number;
  /** Null where no batch is free. */
  readonly batch: number | null;
  readonly kind: InputKind;
  readonly feeds: ReadonlyMap<string, Tensor>;
}

/** Sizes that free dimensions other than the batch are tried with, until the model takes one. */
const USUAL_SIZES = [64, 224, 32, 128, 640, 16, 8, 1] as const;
/** And lengths of sound and text, where no input has more than three axes. */
const USUAL_LENGTHS = [64, 512, 16000, 224, 32, 128, 16, 8, 1] as const;
/** Whole numbers that a model is tried with; where it refuses them (an index beyond its table) they are 0 and 1. */
const WHOLE_RANGES: ReadonlyMap<DataType, InputRange> = new Map([
  [DataType.UINT8, { min: 0, max: 255 }],
  [DataType.INT8, { min: -128, max: 127 }],
  ...[DataType.INT16, DataType.UINT16, DataType.INT32, DataType.UINT32, DataType.INT64, DataType.UINT64].map(
    (type) => [type, { min: 0, max: 9 }] as const,
  ),
]);
/** Random runs with a second set of sizes, where one is taken. */
const RUNS_OF_OTHER_SIZES = 2;

/** The batch sizes that a model can be run with: those asked for where a batch is free, else null alone. */
export function batchesOf(session: Session, batches: readonly number[]): (number | null)[] {
  return batchName(session) === undefined ? [null] : [...batches];
}

/**
 * The runs of a proof: for each batch size seeded random inputs, then inputs full of ties, then zeros; and where other
 * dimensions are free, some random ones with other sizes again. Dimensions of different names get different sizes, so
 * that rows taken for columns are noticed. Sizes and whole numbers are what the original accepts.
 *
 * @throws OnnxLensError PROOF_FAILED when the original runs on none of the inputs that are tried.
 */
export async function* proofRuns(
  original: Session,
  rewritten: Session,
  options: RunPlanOptions,
): AsyncGenerator<ProofRun> {
  let hasRun = false;
  for (const batch of batchesOf(rewritten, options.batches)) {
    const usable = await usableSizes(original, rewritten, batch, options).catch((error: unknown) => {
      // A state may belong to one item only, though its shape does not say so.
      if (hasRun && options.mayLeaveOut === true) return undefined;
      throw error;
    });
    if (usable === undefined) continue;
    hasRun = true;
    const [sizes, ...others] = usable;
    if (sizes === undefined) return;
    const whole = await takesWholeNumbers(original, rewritten, batch, sizes, options);
    const run = (seed: number, kind: InputKind, these: Sizes): ProofRun => {
      const wide = whole && seed % 2 === 1;
      return { seed, batch, kind, feeds: makeFeeds(rewritten, batch, these, seed, options, kind, wide) };
    };
    const count = Math.ceil(options.samples / (batch ?? 1));
    for (let at = 0; at < count; at++) yield run(options.seed + at, 'random', sizes);
    for (const kind of ['ties', 'zeros'] as const) yield run(options.seed + count, kind, sizes);
    for (const other of others) {
      for (let at = 0; at < Math.min(count, RUNS_OF_OTHER_SIZES); at++)
        yield run(options.seed + count + 1 + at, 'random', other);
    }
  }
}

/** Sizes of free dimensions other than the batch. */
type Sizes = ReadonlyMap<string, number>;

/**
 * The name of the free batch: what the first axes of the inputs are called that are free. Undefined when none is free,
 * or several under different names.
 */
function batchName(session: Session): string | undefined {
  const names = new Set(session.inputs.flatMap(({ shape: [first] }) => (typeof first === 'string' ? [first] : [])));
  return names.size === 1 ? [...names][0] : undefined;
}

function isBatch(dim: string, axis: number, batch: number | null, name: string | undefined): boolean {
  return batch !== null && (axis === 0 || (dim !== '' && dim === name));
}

/** How a free dimension is called: its name, or the input and axis of one without. */
function nameOf(input: string, dim: string, axis: number): string {
  return dim === '' ? `${input}[${axis}]` : dim;
}

function freeNames(session: Session, batch: number | null, given: Readonly<Record<string, number>>): string[] {
  const own = batchName(session);
  const names = session.inputs.flatMap(({ name, shape }) =>
    shape.flatMap((dim, axis) =>
      typeof dim === 'string' && !isBatch(dim, axis, batch, own) ? [nameOf(name, dim, axis)] : [],
    ),
  );
  return [...new Set(names)].filter((name) => given[name] === undefined);
}

function makeFeeds(
  session: Session,
  batch: number | null,
  free: Sizes,
  seed: number,
  { ranges, sizes, usual = new Map(), fixed = new Map() }: RunPlanOptions,
  kind: InputKind = 'random',
  wide = false,
): Map<string, Tensor> {
  const batchDim = batchName(session);
  const made = new Map(
    session.inputs.map(({ name, dataType, shape }, place) => {
      const dims = shape.map((dim, axis) => {
        if (typeof dim === 'number') return dim;
        const called = nameOf(name, dim, axis);
        return (
          sizes[called] ??
          sizes[`${name}[${axis}]`] ??
          (isBatch(dim, axis, batch, batchDim) ? (batch ?? 1) : (free.get(called) ?? 1))
        );
      });
      const own = usual.get(name) ?? [];
      const usualRange =
        dataType === DataType.FLOAT || dataType === DataType.FLOAT16 ? own[seed % own.length] : undefined;
      const range = ranges[name] ?? usualRange ?? (wide ? WHOLE_RANGES.get(dataType) : undefined);
      return [name, seededTensor(dataType, dims, seed + 1000 * place, range, kind)] as const;
    }),
  );
  return new Map([...made, ...fixed]);
}

/** One or two sets of sizes with which the original runs: a set of different ones where it takes it, and another. */
async function usableSizes(
  original: Session,
  rewritten: Session,
  batch: number | null,
  options: RunPlanOptions,
): Promise<Sizes[]> {
  const names = freeNames(rewritten, batch, options.sizes);
  if (names.length === 0) {
    await runsOn(original, () => makeFeeds(rewritten, batch, new Map(), 1, options), true);
    return [new Map()];
  }
  const alike = (size: number): Sizes => new Map(names.map((name) => [name, size]));
  const rising = (size: number): Sizes => new Map(names.map((name, place) => [name, size * (2 + place) * 0.5]));
  const falling = (size: number): Sizes =>
    new Map(names.map((name, place) => [name, size * (1 + names.length - place) * 0.5]));
  // One of several may have to be 1, though it is declared free: the channels of sound.
  const single = (one: string, size: number): Sizes => new Map(names.map((name) => [name, name === one ? 1 : size]));
  const usual = rewritten.inputs.every(({ shape }) => shape.length <= 3) ? USUAL_LENGTHS : USUAL_SIZES;
  const runs = (sizes: Sizes, isLast: boolean): Promise<boolean> =>
    isBearable(rewritten, batch, sizes, options)
      ? runsOn(original, () => makeFeeds(rewritten, batch, sizes, 1, options), isLast)
      : Promise.resolve(false);
  for (const size of usual) {
    const isOfSeveral = size >= 8 && names.length > 1;
    const different = isOfSeveral
      ? [rising(size), alike(size), ...names.map((name) => single(name, size))]
      : [alike(size)];
    for (const [place, sizes] of different.entries()) {
      if (!(await runs(sizes, size === usual.at(-1)))) continue;
      const other =
        place >= 2 ? single(names[place - 2] ?? '', size * 1.5) : names.length > 1 ? falling(size) : alike(size * 1.5);
      return size >= 8 && (await runs(other, false)) ? [sizes, other] : [sizes];
    }
  }
  return [];
}

/** Larger inputs are not tried for free dimensions: they would take all memory before they tell anything. */
const MOST_TRIED_ELEMENTS = 2 ** 25;

function isBearable(session: Session, batch: number | null, sizes: Sizes, { sizes: given }: RunPlanOptions): boolean {
  const own = batchName(session);
  return session.inputs.every(({ name, shape }) => {
    const elements = shape.reduce<number>((product, dim, axis) => {
      if (typeof dim === 'number') return product * dim;
      const called = nameOf(name, dim, axis);
      return product * (given[called] ?? (isBatch(dim, axis, batch, own) ? (batch ?? 1) : (sizes.get(called) ?? 1)));
    }, 1);
    return elements <= MOST_TRIED_ELEMENTS;
  });
}

/** True when the original takes larger whole numbers than 0 and 1 (and has an input of such). */
async function takesWholeNumbers(
  original: Session,
  rewritten: Session,
  batch: number | null,
  sizes: Sizes,
  options: RunPlanOptions,
): Promise<boolean> {
  if (!rewritten.inputs.some(({ name, dataType }) => WHOLE_RANGES.has(dataType) && options.ranges[name] === undefined))
    return false;
  const seeds = Array.from({ length: 3 }, (_, place) => options.seed + place);
  for (const seed of seeds) {
    if (!(await runsOn(original, () => makeFeeds(rewritten, batch, sizes, seed, options, 'random', true), false)))
      return false;
  }
  return true;
}

async function runsOn(original: Session, feeds: () => ReadonlyMap<string, Tensor>, mustRun: boolean): Promise<boolean> {
  try {
    await original.run(feeds());
    return true;
  } catch (error) {
    if (!mustRun) return false;
    throw new OnnxLensError(
      'PROOF_FAILED',
      `The original cannot be run on made-up inputs, so nothing can be proven (give the range of values with --range name=min..max, the sizes of free dimensions with --sizes name=size, or fix them with --fix): ${messageOf(error)}`,
      { cause: error },
    );
  }
}
