import type { Tensor } from '../model/tensors.js';
import { OPTIMIZATION_LEVELS, withSession, type Session, type SessionOptions } from '../runtime/session.js';
import { compareTensors } from './compare-tensors.js';
import type { ProofRun } from './proof-runs.js';
import type { OutputProof } from './output-proof.js';

/** Both models on one input. */
export interface ComparedRun {
  /** Without its inputs where every output is within the tolerance. */
  readonly run: ProofRun;
  readonly outputs: readonly OutputProof[];
}

/**
 * How many times the original's noise a rewritten model may differ: the noise is the largest of seven samples, not a
 * bound.
 */
const NOISE_FACTOR = 3;
/**
 * Noise beyond this many times the tolerance: the network decides by its rounding, and the input says nothing of a
 * rewrite.
 */
const UNSTABLE = 100;
const THREADS = [1, 2] as const;

export function isBeyondTolerance({ outputs }: ComparedRun): boolean {
  return outputs.some((output) => !output.isWithin);
}

/**
 * Judges the runs that are beyond the tolerance against the original's own noise: what it differs from itself on the
 * same input, over all of ONNX Runtime's optimization levels and with one and two threads. An output passes up to three
 * times that. Inputs with a noise beyond a hundred times the tolerance are left out, unless no random one would remain.
 *
 * @param first the original as both models were compared in.
 * @param isStrict a tolerance was asked for: only inputs of ties and zeros may be left out, and noise excuses nothing.
 * @returns the runs that count.
 */
export async function judgeByNoise(
  first: Session,
  source: string | Uint8Array,
  open: SessionOptions,
  runs: readonly ComparedRun[],
  { tolerance, isStrict }: { readonly tolerance: number; readonly isStrict: boolean },
): Promise<readonly ComparedRun[]> {
  const beyond = runs.filter((each) => isBeyondTolerance(each) && !(isStrict && each.run.kind === 'random'));
  if (beyond.length === 0) return runs;
  const noises = await noisesOf(first, source, open, beyond, tolerance);
  const isUnstable = (each: ComparedRun): boolean => {
    const { kind } = each.run;
    const noise = noises.get(each);
    if (noise === undefined || !isBeyondTolerance(each)) return false;
    return [...noise.values()].some(({ ofTolerance }) => ofTolerance > (kind === 'random' ? UNSTABLE : 1));
  };
  const stable = runs.filter((each) => !isUnstable(each));
  const counted = stable.some(({ run }) => run.kind === 'random') ? stable : runs;
  if (isStrict) return counted;
  return counted.map((each) => {
    const noise = noises.get(each);
    if (noise === undefined) return each;
    const isCounted = !isUnstable(each);
    return {
      run: each.run,
      outputs: each.outputs.map((output) => {
        const own = noise.get(output.name)?.largest ?? 0;
        const isExcused = isCounted && output.maxAbs <= NOISE_FACTOR * own;
        return { ...output, noise: own, isWithin: output.isWithin || isExcused };
      }),
    };
  });
}

/** An output's noise: the largest difference, and how many times what the tolerance allows that is at some element. */
interface Noise {
  readonly largest: number;
  readonly ofTolerance: number;
}

async function noisesOf(
  first: Session,
  source: string | Uint8Array,
  open: SessionOptions,
  runs: readonly ComparedRun[],
  tolerance: number,
): Promise<ReadonlyMap<ComparedRun, ReadonlyMap<string, Noise>>> {
  const noises = new Map<ComparedRun, Map<string, Noise>>();
  const expected = new Map<ComparedRun, ReadonlyMap<string, Tensor>>();
  for (const each of runs) expected.set(each, await first.run(each.run.feeds));
  // One session after another: eight at once would be eight times the memory.
  for (const optimization of OPTIMIZATION_LEVELS) {
    for (const threads of THREADS) {
      await withSession(source, { ...open, optimization, threads, origin: 'the original' }, async (session) => {
        for (const each of runs) {
          const noise = noises.get(each) ?? new Map<string, Noise>();
          noises.set(each, noise);
          const values = await session.run(each.run.feeds);
          for (const [name, value] of expected.get(each) ?? [])
            noise.set(name, larger(noise.get(name), noiseBetween(value, values.get(name), tolerance)));
        }
      });
    }
  }
  return noises;
}

function noiseBetween(value: Tensor, other: Tensor | undefined, tolerance: number): Noise {
  if (other === undefined) return { largest: 0, ofTolerance: 0 };
  const { maxAbs, isWithin } = compareTensors(value, other, tolerance);
  if (isWithin) return { largest: maxAbs, ofTolerance: maxAbs === 0 ? 0 : 1 };
  return { largest: maxAbs, ofTolerance: compareTensors(value, other, UNSTABLE * tolerance).isWithin ? 2 : Infinity };
}

function larger(known: Noise | undefined, next: Noise): Noise {
  if (known === undefined) return next;
  return {
    largest: Math.max(known.largest, next.largest),
    ofTolerance: Math.max(known.ofTolerance, next.ofTolerance),
  };
}
