import { resolve } from 'node:path';
import { messageOf, OnnxLensError } from '../errors.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { serializeModel } from '../model/save.js';
import type { Tensor } from '../model/tensors.js';
import { withSession, type OptimizationLevel, type Session } from '../runtime/session.js';
import { compareTensors, type TensorDifference } from './compare-tensors.js';
import { seededTensor, type InputRange } from './seeded-inputs.js';

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
  /** An element may differ by `tolerance * max(1, largest |expected|)`; default 1e-5. */
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
/** Sizes that free dimensions other than the batch are tried with, until the model takes one. */
const USUAL_SIZES = [64, 224, 32, 128, 640, 16, 8, 1] as const;

/** A model to run: a path of an .onnx file, the bytes of one, or a model in memory. */
export type RunnableModel = string | Uint8Array | ModelProto;

function runnable(model: RunnableModel): string | Uint8Array {
  return typeof model === 'string' || model instanceof Uint8Array ? model : serializeModel(model);
}

/**
 * Runs two models on the same seeded inputs in ONNX Runtime on the CPU and compares every output.
 *
 * @throws OnnxLensError PROOF_FAILED when the models do not have the same inputs and outputs or the original cannot be run
 *   on any inputs that were tried; RUNTIME_REFUSED when ONNX Runtime does not take a model. A difference does not throw:
 *   look at `holds`.
 */
export async function proveEqual(original: RunnableModel, rewritten: RunnableModel, options: ProofOptions = {}): Promise<Proof> {
  const { samples = 8, seed = 1, tolerance = 1e-5, optimization = 'basic' } = options;
  const open = { optimization, ...(options.dataFolder === undefined ? {} : { dataFolder: resolve(options.dataFolder) }) };
  return withSession(runnable(original), { ...open, origin: 'the original' }, (first) =>
    withSession(runnable(rewritten), { ...open, origin: 'the rewritten model' }, async (second) => {
      checkInterface(first, second);
      const batches = hasFreeBatch(second) ? [...(options.batches ?? DEFAULT_BATCHES)] : [null];
      const outputs = new Map<string, OutputProof>();
      const compare = async (feeds: ReadonlyMap<string, Tensor>, worst: OutputProof['worst']): Promise<void> => {
        const [expected, actual] = [await first.run(feeds), await second.run(feeds)];
        for (const [name, value] of expected) {
          const got = actual.get(name) as Tensor; // checkInterface compared the names
          outputs.set(name, worse(outputs.get(name), { name, ...compareTensors(value, got, tolerance), worst }));
        }
      };
      for (const [place, feeds] of (options.inputs ?? []).entries()) await compare(feeds, { seed: place, batch: null });
      for (const batch of options.inputs === undefined ? batches : []) {
        const size = await usableSize(first, second, batch, options);
        for (let run = 0; run * (batch ?? 1) < samples; run++) {
          await compare(makeFeeds(second, batch, size, seed + run, options), { seed: seed + run, batch });
        }
      }
      const all = [...outputs.values()];
      const beyond = all.find((output) => !output.isWithin);
      if (beyond !== undefined && options.inputs === undefined) await checkRepeatable(first, second, beyond, options);
      return {
        samples: options.inputs?.length ?? samples,
        seed: options.inputs === undefined ? seed : null,
        batches: options.inputs === undefined ? batches.filter((batch) => batch !== null) : [],
        tolerance,
        isIdentical: all.every((output) => output.isIdentical),
        holds: all.every((output) => output.isWithin),
        outputs: all,
      };
    }),
  );
}

/** A difference says nothing about a model that gives other values each time. */
async function checkRepeatable(first: Session, second: Session, { name, worst: { seed, batch } }: OutputProof, options: ProofOptions): Promise<void> {
  const feeds = makeFeeds(second, batch, await usableSize(first, second, batch, options), seed, options);
  const [once, again] = [(await first.run(feeds)).get(name), (await first.run(feeds)).get(name)];
  if (once === undefined || again === undefined || compareTensors(once, again, 0).isIdentical) return;
  throw new OnnxLensError('PROOF_FAILED', `The original gives other values of "${name}" each time it is run on the same input (it draws random numbers), so nothing can be proven of it.`);
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
  const names = (values: Session['inputs']): string => values.map((value) => `${value.name}:${value.dataType}`).join(', ');
  for (const side of ['inputs', 'outputs'] as const) {
    if (names(first[side]) !== names(second[side])) {
      throw new OnnxLensError('PROOF_FAILED', `The rewritten model has other ${side} than the original: ${names(second[side])} instead of ${names(first[side])}.`);
    }
  }
}

/** True when every input's first axis is free under one name. */
function hasFreeBatch(session: Session): boolean {
  const firsts = session.inputs.map((input) => input.shape[0]);
  return firsts.length > 0 && firsts.every((dim) => typeof dim === 'string') && new Set(firsts).size === 1;
}

function makeFeeds(session: Session, batch: number | null, size: number, seed: number, { ranges = {}, sizes = {} }: ProofOptions): Map<string, Tensor> {
  return new Map(
    session.inputs.map((input, place) => {
      const dims = input.shape.map((dim, axis) => {
        if (typeof dim === 'number') return dim;
        return sizes[dim] ?? sizes[`${input.name}[${axis}]`] ?? (axis === 0 && batch !== null ? batch : size);
      });
      return [input.name, seededTensor(input.dataType, dims, seed + 1000 * place, ranges[input.name])];
    }),
  );
}

/** A size for free dimensions with which both models run; only the original's refusal counts as "not usable". */
async function usableSize(first: Session, second: Session, batch: number | null, options: ProofOptions): Promise<number> {
  const isFree = second.inputs.some((input) => input.shape.some((dim, axis) => typeof dim === 'string' && !(axis === 0 && batch !== null)));
  let refusal: unknown;
  for (const size of isFree ? USUAL_SIZES : [1]) {
    try {
      await first.run(makeFeeds(second, batch, size, 1, options));
      return size;
    } catch (error) {
      refusal = error;
    }
  }
  throw new OnnxLensError('PROOF_FAILED', `The original cannot be run on made-up inputs, so nothing can be proven (give sizes and ranges): ${messageOf(refusal)}`);
}
