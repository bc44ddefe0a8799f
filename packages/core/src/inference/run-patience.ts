import type { NetworkInput, RunRequest } from './request.js';

/** For a run of which nothing is known: its session may have to be opened first, and an accelerator may compile. */
const UNKNOWN_MS = 180_000;
/**
 * No run is given up sooner: a machine that swaps, or that another program takes over, slows to a small part of its
 * speed.
 */
const LEAST_MS = 30_000;
/** Beyond the slowest run so far, which may have opened its session. */
const TIMES_SLOWEST = 30;
/** Runs after which their times are taken for what a run takes. */
const KNOWN_AFTER = 3;

/**
 * How long one worker may take for a run before it is given up, by what runs like it have taken there: of the same
 * network, with inputs of the same sizes.
 */
export class RunPatience {
  readonly #seen = new Map<string, { runs: number; slowestMs: number }>();

  /** In milliseconds. */
  limitFor(request: RunRequest): number {
    const seen = this.#seen.get(kindOf(request));
    if (seen === undefined || seen.runs < KNOWN_AFTER) return UNKNOWN_MS;
    return Math.min(UNKNOWN_MS, Math.max(LEAST_MS, TIMES_SLOWEST * seen.slowestMs));
  }

  /** A run was answered. */
  took(request: RunRequest, ms: number): void {
    const kind = kindOf(request);
    const { runs, slowestMs } = this.#seen.get(kind) ?? { runs: 0, slowestMs: 0 };
    this.#seen.set(kind, { runs: runs + 1, slowestMs: Math.max(slowestMs, ms) });
  }
}

function kindOf({ model, inputs }: RunRequest): string {
  return [model, ...Object.values(inputs).map(sizeOf)].join(' ');
}

function sizeOf(input: NetworkInput): string {
  if (input.kind === 'values') return input.dims.join('x');
  const crop = input.crops[0]?.crop;
  return `${input.crops.length}x${crop?.height ?? 0}x${crop?.width ?? 0}`;
}
