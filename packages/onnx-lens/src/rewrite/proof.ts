import { resolve } from 'node:path';
import { OnnxLensError } from '../errors.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { serializeModel } from '../model/save.js';
import type { Tensor } from '../model/tensors.js';
import { withSession, type OptimizationLevel, type Session, type SessionOptions } from '../runtime/session.js';
import { compareTensors, type TensorDifference } from './compare-tensors.js';
import { batchesOf, proofRuns, type ProofRun, type RunPlanOptions } from './proof-runs.js';
import type { InputRange } from './seeded-inputs.js';

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
  /** How far an element may differ: see {@link compareTensors}; default 1e-5. */
  readonly tolerance?: number;
  /** Inputs to run in place of seeded ones, each a tensor by name. */
  readonly inputs?: readonly ReadonlyMap<string, Tensor>[];
  /** Folder of external data, for models that are not given as a path. */
  readonly dataFolder?: string;
  /** ONNX Runtime's own optimizations in both runs; default 'basic', the graph that providers get. */
  readonly optimization?: OptimizationLevel;
}

/** The comparison of one output over all samples. */
export interface OutputProof extends TensorDifference {
  readonly name: string;
  /** Seed (or place among the given inputs) and batch of the run that came out worst. */
  readonly worst: { readonly seed: number; readonly batch: number | null };
}

/** What was compared and how it came out. */
export interface Proof {
  readonly samples: number;
  /** Seed of the first input; null for inputs that were given. */
  readonly seed: number | null;
  /** Batch sizes that were run; empty when the batch is fixed. */
  readonly batches: readonly number[];
  readonly tolerance: number;
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
 * Runs two models on the same seeded inputs in ONNX Runtime on the CPU and compares every output. The inputs are random,
 * then full of ties, then zeros, for each batch size and, where other dimensions are free, for more than one set of sizes.
 *
 * @throws OnnxLensError PROOF_FAILED when the models do not have the same inputs and outputs or the original cannot be run
 *   on any inputs that were tried; RUNTIME_REFUSED when ONNX Runtime does not take a model. A difference does not throw:
 *   look at `holds`.
 */
export async function proveEqual(
  original: RunnableModel,
  rewritten: RunnableModel,
  options: ProofOptions = {},
): Promise<Proof> {
  const {
    samples = 8,
    seed = 1,
    tolerance = 1e-5,
    optimization = 'basic',
    batches = DEFAULT_BATCHES,
    sizes = {},
    ranges = {},
  } = options;
  const source = runnable(original);
  const open = {
    optimization,
    ...(options.dataFolder === undefined ? {} : { dataFolder: resolve(options.dataFolder) }),
  };
  const plan: RunPlanOptions = { samples, seed, batches, sizes, ranges };
  return withSession(source, { ...open, origin: 'the original' }, (first) =>
    withSession(runnable(rewritten), { ...open, origin: 'the rewritten model' }, async (second) => {
      checkInterface(first, second);
      const outputs = new Map<string, OutputProof>();
      let beyond: Beyond | undefined;
      for await (const run of options.inputs === undefined
        ? proofRuns(first, second, plan)
        : givenRuns(options.inputs)) {
        const compared = await compareRun(first, second, run, tolerance);
        const outside = compared.find((output) => !output.isWithin);
        if (outside !== undefined && run.kind !== 'random' && (await isUnstable(source, open, run, tolerance)))
          continue;
        if (outside !== undefined) beyond ??= { name: outside.name, run };
        for (const output of compared) outputs.set(output.name, worse(outputs.get(output.name), output));
      }
      const all = [...outputs.values()];
      if (beyond !== undefined) await checkRepeatable(first, beyond);
      return {
        samples: options.inputs?.length ?? samples,
        seed: options.inputs === undefined ? seed : null,
        batches: options.inputs === undefined ? batchesOf(second, batches).filter((batch) => batch !== null) : [],
        tolerance,
        isIdentical: all.every((output) => output.isIdentical),
        holds: all.every((output) => output.isWithin),
        outputs: all,
      };
    }),
  );
}

/** An output that was beyond the tolerance, and the run in which. */
interface Beyond {
  readonly name: string;
  readonly run: ProofRun;
}

function* givenRuns(inputs: readonly ReadonlyMap<string, Tensor>[]): Generator<ProofRun> {
  for (const [place, feeds] of inputs.entries()) yield { seed: place, batch: null, kind: 'random', feeds };
}

/** @returns nothing for ties and zeros that the original cannot be run on. */
async function compareRun(
  first: Session,
  second: Session,
  { feeds, seed, batch, kind }: ProofRun,
  tolerance: number,
): Promise<OutputProof[]> {
  const expected = await first.run(feeds).catch((error: unknown) => {
    if (kind === 'random') throw error;
    return new Map<string, Tensor>();
  });
  if (expected.size === 0) return [];
  const actual = await second.run(feeds);
  return Array.from(expected, ([name, value]) => {
    const got = actual.get(name) as Tensor; // checkInterface compared the names
    return { name, ...compareTensors(value, got, tolerance), worst: { seed, batch } };
  });
}

/**
 * True when the original itself gives other values on an input once ONNX Runtime optimizes it otherwise: on inputs full of
 * ties and zeros a network may decide by its rounding, and then they say nothing of a rewrite.
 */
async function isUnstable(
  source: string | Uint8Array,
  open: SessionOptions,
  run: ProofRun,
  tolerance: number,
): Promise<boolean> {
  const how = (optimization: OptimizationLevel): SessionOptions => ({ ...open, optimization, origin: 'the original' });
  return withSession(source, how('disabled'), (plain) =>
    withSession(source, how('all'), async (optimized) =>
      (await compareRun(plain, optimized, run, tolerance)).some((output) => !output.isWithin),
    ),
  );
}

/** A difference says nothing about a model that gives other values each time. */
async function checkRepeatable(first: Session, { name, run: { feeds } }: Beyond): Promise<void> {
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
    first: known.first ?? next.first,
    values: known.values ?? next.values,
  };
}

function checkInterface(first: Session, second: Session): void {
  const names = (values: Session['inputs']): string =>
    values.map((value) => `${value.name}:${value.dataType}`).join(', ');
  for (const side of ['inputs', 'outputs'] as const) {
    if (names(first[side]) !== names(second[side])) {
      throw new OnnxLensError(
        'PROOF_FAILED',
        `The rewritten model has other ${side} than the original: ${names(second[side])} instead of ${names(first[side])}.`,
      );
    }
  }
}
