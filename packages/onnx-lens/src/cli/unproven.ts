import { OnnxLensError } from '../errors.js';
import type { Proof } from '../rewrite/proof.js';

/** Ends the command where a proof does not hold, with what is off and what to do. */
export function refuseUnproven(proof: Proof, output: string): never {
  const worst = proof.outputs.filter((each) => !each.isWithin).toSorted((a, b) => b.maxAbs - a.maxAbs)[0];
  const off = worst?.maxAbs ?? 0;
  const noise =
    worst !== undefined && worst.noise > 0
      ? ` (the original differs from itself by ${worst.noise.toPrecision(3)})`
      : '';
  throw new OnnxLensError(
    'PROOF_FAILED',
    `${output} was not written: output "${worst?.name ?? '?'}" differs by up to ${off.toPrecision(3)}, first at [${worst?.first?.join(', ') ?? ''}], more than the tolerance of ${proof.tolerance}${noise}. If the inputs that were made up are unlike yours, give their values with --range name=min..max; if you can accept the difference, give --tolerance.`,
  );
}
