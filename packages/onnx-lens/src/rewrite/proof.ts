import { resolve } from 'node:path';
import { OnnxLensError } from '../errors.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { serializeModel } from '../model/serialize.js';
import type { Tensor } from '../model/tensors.js';
import { withSession, type OptimizationLevel, type Session } from '../runtime/session.js';
import { compareTensors } from './compare-tensors.js';
import { constantOf, type InputValues } from './fix-inputs.js';
import { isBeyondTolerance, judgeByNoise, type ComparedRun } from './own-noise.js';
import type { OutputProof } from './output-proof.js';
import { proofRuns, type ProofRun, type RunPlanOptions } from './proof-runs.js';
import type { InputRange } from './seeded-inputs.js';
import { usualRanges } from './usual-ranges.js';

/** How to prove. */
export interface ProofOptions {
  /** Seeded items for each batch size; default 8. */
  readonly samples?: number;
  readonly seed?: number;
  /** Batch sizes where the first axis of the inputs is free; default 1 and 3. */
  readonly batches?: readonly number[];
  /** Sizes of other free dimensions by name; when left out, usual sizes are tried. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Range of values for an input by name. */
  readonly ranges?: Readonly<Record<string, InputRange>>;
  /**
   * How far an element may differ: see `compareTensors`; default 1e-5, or the original's own noise where that is
   * more.
   */
  readonly tolerance?: number;
  /** Inputs to run in place of seeded ones, each a tensor by name. */
  readonly inputs?: readonly ReadonlyMap<string, Tensor>[];
  /** Inputs that only the original has, because they are constants in the rewritten model. */
  readonly fixedInputs?: InputValues;
  /** Folder of external data, for models that are not given as a path. */
  readonly dataFolder?: string;
  /** ONNX Runtime's own optimizations in both runs; default 'basic', the graph that providers get. */
  readonly optimization?: OptimizationLevel;
}

/** What was compared and how it came out. */
export interface Proof {
  readonly samples: number;
  /** Seed of the first input; null for inputs that were given. */
  readonly seed: number | null;
  /** Batch sizes that were run; empty when the batch is fixed. */
  readonly batches: readonly number[];
  readonly tolerance: number;
  /**
   * Random inputs that count for nothing: on them the original itself gives quite other values once it is optimized
   * otherwise.
   */
  readonly unstable: number;
  readonly isIdentical: boolean;
  /** True when every element of every output is within the tolerance. */
  readonly holds: boolean;
  readonly outputs: readonly OutputProof[];
}

const DEFAULT_BATCHES = [1, 3] as const;

/** A model to run: a path of an .onnx file, the bytes of one, or a model in memory. */
export type RunnableModel = string | Uint8Array | ModelProto;

function runnable(model: RunnableModel): string | Uint8Array {
  return typeof model === 'string' || model instanceof Uint8Array ? model : serializeModel(model);
}

/**
 * Runs two models on the same seeded inputs in ONNX Runtime on the CPU and compares every output. The inputs are
 * random, then full of ties, then zeros, for each batch size and, where other dimensions are free, for more than one
 * set of sizes. Where no tolerance is given, a difference may also be as large as the original's own on that input: see
 * `judgeByNoise`.
 *
 * @throws OnnxLensError PROOF_FAILED when the models do not have the same inputs and outputs or the original cannot be
 *   run on any inputs that were tried; RUNTIME_REFUSED when ONNX Runtime does not take a model. A difference does not
 *   throw: look at `holds`.
 *
 * @example
 * const proof = await proveEqual('model.onnx', loadModel('model.onnx'), { samples: 2, batches: [1] });
 * proof.holds; // true
 */
export async function proveEqual(
  original: RunnableModel,
  rewritten: RunnableModel,
  options: ProofOptions = {},
): Promise<Proof> {
  const { samples = 8, seed = 1, tolerance, optimization = 'basic', batches = DEFAULT_BATCHES, sizes = {} } = options;
  const limit = tolerance ?? DEFAULT_TOLERANCE;
  const source = runnable(original);
  const open = {
    optimization,
    ...(options.dataFolder === undefined ? {} : { dataFolder: resolve(options.dataFolder) }),
  };
  const plan: Omit<RunPlanOptions, 'fixed'> = {
    samples,
    seed,
    batches,
    mayLeaveOut: options.batches === undefined,
    sizes,
    ranges: options.ranges ?? {},
    usual: usualRanges(original),
  };
  return withSession(source, { ...open, origin: 'the original' }, (first) =>
    withSession(runnable(rewritten), { ...open, origin: 'the rewritten model' }, async (second) => {
      const fixed = fixedFeeds(first, options.fixedInputs ?? {});
      checkInterface(first, second, fixed);
      const runs: ComparedRun[] = [];
      for await (const run of options.inputs === undefined
        ? proofRuns(first, second, { ...plan, fixed })
        : givenRuns(options.inputs)) {
        const outputs = await compareRun(first, second, run, fixed, limit);
        const isBeyond = outputs.some((output) => !output.isWithin);
        // Inputs that raise no question are not kept.
        runs.push({ run: isBeyond ? run : { ...run, feeds: new Map() }, outputs });
      }
      const beyond = runs.find(isBeyondTolerance);
      if (beyond !== undefined) await checkRepeatable(first, beyond);
      const judged = await judgeByNoise(first, source, open, runs, {
        tolerance: limit,
        isStrict: tolerance !== undefined,
      });
      const outputs = new Map<string, OutputProof>();
      for (const output of judged.flatMap((each) => each.outputs))
        outputs.set(output.name, worse(outputs.get(output.name), output));
      const all = [...outputs.values()];
      return {
        samples: options.inputs?.length ?? samples,
        seed: options.inputs === undefined ? seed : null,
        batches: options.inputs === undefined ? [...new Set(runs.flatMap(({ run }) => run.batch ?? []))] : [],
        tolerance: limit,
        unstable:
          runs.filter(({ run }) => run.kind === 'random').length -
          judged.filter(({ run }) => run.kind === 'random').length,
        isIdentical: all.every((output) => output.isIdentical),
        holds: all.every((output) => output.isWithin),
        outputs: all,
      };
    }),
  );
}

const DEFAULT_TOLERANCE = 1e-5;

function* givenRuns(inputs: readonly ReadonlyMap<string, Tensor>[]): Generator<ProofRun> {
  for (const [place, feeds] of inputs.entries()) yield { seed: place, batch: null, kind: 'random', feeds };
}

/** @returns nothing for ties and zeros that the original cannot be run on. */
async function compareRun(
  first: Session,
  second: Session,
  { feeds, seed, batch, kind }: ProofRun,
  fixed: ReadonlyMap<string, Tensor>,
  tolerance: number,
): Promise<OutputProof[]> {
  const expected = await first.run(feeds).catch((error: unknown) => {
    if (kind === 'random') throw error;
    return new Map<string, Tensor>();
  });
  if (expected.size === 0) return [];
  const actual = await second.run(new Map([...feeds].filter(([name]) => !fixed.has(name))));
  return Array.from(expected, ([name, value]) => {
    const got = actual.get(name) as Tensor; // checkInterface compared the names
    return { name, ...compareTensors(value, got, tolerance), worst: { seed, batch }, noise: 0 };
  });
}

/** A difference says nothing about a model that gives other values each time. */
async function checkRepeatable(first: Session, { run: { feeds }, outputs }: ComparedRun): Promise<void> {
  const name = outputs.find((output) => !output.isWithin)?.name ?? '';
  const [once, again] = [(await first.run(feeds)).get(name), (await first.run(feeds)).get(name)];
  if (once === undefined || again === undefined || compareTensors(once, again, 0).isIdentical) return;
  throw new OnnxLensError(
    'PROOF_FAILED',
    `The original gives other values of "${name}" each time it is run on the same input (it draws random numbers), so nothing can be proven of it.`,
  );
}

function worse(known: OutputProof | undefined, next: OutputProof): OutputProof {
  if (known === undefined) return next;
  const worst = next.maxAbs > known.maxAbs ? next : known;
  return {
    ...worst,
    isIdentical: known.isIdentical && next.isIdentical,
    isWithin: known.isWithin && next.isWithin,
    maxRel: Math.max(known.maxRel, next.maxRel),
    noise: Math.max(known.noise, next.noise),
    first: known.first ?? next.first,
    values: known.values ?? next.values,
  };
}

/** What the original is fed where the rewritten model has a constant. */
function fixedFeeds(first: Session, values: InputValues): ReadonlyMap<string, Tensor> {
  return new Map(
    first.inputs
      .filter(({ name }) => values[name] !== undefined)
      .map(({ name, dataType, shape }) => [name, constantOf(name, dataType, shape.map(Number), values[name] ?? [])]),
  );
}

function checkInterface(first: Session, second: Session, fixed: ReadonlyMap<string, Tensor>): void {
  const names = (values: Session['inputs']): string =>
    values
      .filter(({ name }) => !fixed.has(name))
      .map((value) => `${value.name}:${value.dataType}`)
      .join(', ');
  for (const side of ['inputs', 'outputs'] as const) {
    if (names(first[side]) !== names(second[side])) {
      throw new OnnxLensError(
        'PROOF_FAILED',
        `The rewritten model has other ${side} than the original: ${names(second[side])} instead of ${names(first[side])}.`,
      );
    }
  }
}
