import type { FaceMirrorErrorCode } from 'facemirror-core/errors.js';

/** Why a worker gives a job back that another one may be able to do. It counts as no attempt. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Failures that are the machine's and not the video's: another worker may do better, or this one later. */
const OF_MACHINE: ReadonlySet<string> = new Set<FaceMirrorErrorCode>([
  'MODEL_MISSING',
  'MODEL_CORRUPT',
  'CHECKPOINT_MISMATCH',
  'LICENCE_NOT_ACCEPTED',
  'PROVIDER_UNAVAILABLE',
  'ENCODER_UNAVAILABLE',
  'DISK_FULL',
  'FILE_UNWRITABLE',
  'STORAGE_UNREACHABLE',
]);

/** Failures that come again whenever the same video is tried: a second attempt would be wasted. */
const OF_VIDEO: ReadonlySet<string> = new Set<FaceMirrorErrorCode>(['USAGE', 'NOT_A_VIDEO', 'NO_FACE']);

export function isOfMachine(code: string): boolean {
  return OF_MACHINE.has(code);
}

export function isOfVideo(code: string): boolean {
  return OF_VIDEO.has(code);
}

/** After so many refusals in a row a worker rests before it looks at the next job, longer each time. */
const PATIENT_REFUSALS = 2;
const LONGEST_REST_MS = 30_000;

/**
 * How long a worker rests after a refusal, in ms. Without a rest, one that can do nothing would take every job that
 * waits, again and again, before those who can.
 * @param inARow refusals since it last took a job, this one included.
 */
export function restAfter(inARow: number): number {
  return inARow <= PATIENT_REFUSALS ? 0 : Math.min(LONGEST_REST_MS, 500 * 2 ** (inARow - PATIENT_REFUSALS));
}
