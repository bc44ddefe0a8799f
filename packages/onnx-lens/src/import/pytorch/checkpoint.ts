import { OnnxLensError } from '../../errors.js';
import { isSafetensors, readSafetensors } from '../safetensors.js';
import { readArchive } from './archive.js';
import type { CheckpointTensor } from './checkpoint-tensor.js';
import { isLegacy, readLegacy } from './legacy.js';
import { findStateDict, stateDictAt } from './state-dict.js';
import { TensorView } from './storage.js';
import { PickleDict, Placeholder, type PickleValue } from './values.js';
import { isZip } from './zip.js';

/** How a checkpoint is written: torch.save since PyTorch 1.6 ('zip'), before that ('legacy'), or safetensors. */
export type CheckpointFormat = 'zip' | 'legacy' | 'safetensors';

/** The weights of a PyTorch checkpoint. */
export interface Checkpoint {
  readonly format: CheckpointFormat;
  /**
   * Where the state_dict was found: the dict keys that lead to it, joined by dots; '' when it is the file's own value.
   */
  readonly key: string;
  /** By name, in the file's order, without a `module.` or `_orig_mod.` that all of them bear. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Options of reading a checkpoint. */
export interface CheckpointOptions {
  /** Dict keys, joined by dots, that lead to the state_dict; found by itself when left out. */
  readonly key?: string;
}

const WRAPPERS = ['module.', '_orig_mod.'];

/**
 * Reads the bytes of a torch.save or safetensors file. Tensors' values are views of `bytes` where they can be.
 * @param origin how to call the file in messages.
 * @throws OnnxLensError as {@link loadCheckpoint}.
 *
 * @example
 * const { format, tensors } = parseCheckpoint(readFileSync('weights.safetensors'), 'weights.safetensors');
 * format; // 'safetensors'
 * tensorNumbers(tensors.get('bias').read()); // [0.5, -2]
 */
export function parseCheckpoint(
  bytes: Uint8Array,
  origin = 'the checkpoint',
  options: CheckpointOptions = {},
): Checkpoint {
  const { format, value } = readAny(bytes, origin);
  const found = options.key === undefined ? findStateDict(value, origin) : stateDictAt(value, options.key, origin);
  return { format, key: found.key, tensors: namedTensors(found.dict, origin) };
}

/**
 * True when the bytes begin as a checkpoint does, or as what a failed download leaves in place of one:
 * {@link parseCheckpoint} then has the right words for them. False for an ONNX file.
 */
export function looksLikeCheckpoint(bytes: Uint8Array): boolean {
  return isZip(bytes) || bytes[0] === 0x80 || isSafetensors(bytes) || mistakenFile(bytes, '') !== null;
}

function readAny(bytes: Uint8Array, origin: string): { format: CheckpointFormat; value: PickleValue } {
  if (isZip(bytes)) return { format: 'zip', value: readArchive(bytes, origin) };
  if (isLegacy(bytes)) return { format: 'legacy', value: readLegacy(bytes, origin) };
  if (isSafetensors(bytes)) {
    const dict = new PickleDict();
    for (const [name, tensor] of readSafetensors(bytes, origin)) dict.entries.set(name, tensor);
    return { format: 'safetensors', value: dict };
  }
  const mistaken = mistakenFile(bytes, origin);
  if (mistaken !== null) throw new OnnxLensError('NOT_CHECKPOINT', mistaken);
  const isTar = new TextDecoder().decode(bytes.subarray(257, 262)) === 'ustar';
  throw new OnnxLensError(
    'NOT_CHECKPOINT',
    isTar
      ? `${origin} is in the tar format of PyTorch before 0.1.10. Load and save it again with a newer PyTorch.`
      : `${origin} is no checkpoint: it begins neither as a file of torch.save nor as a safetensors file.`,
  );
}

/** Names what downloads leave in place of the file that was meant; null for anything else. */
function mistakenFile(bytes: Uint8Array, origin: string): string | null {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 512)).replace(/^(?:\xef\xbb\xbf)?\s+/, '');
  if (/^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\//.test(start))
    return `${origin} is a Git LFS pointer, not the checkpoint itself. Run "git lfs pull" in its repository, or download the file.`;
  if (/^(?:<!--|<!doctype html|<html|<head|<\?xml)/i.test(start))
    return `${origin} is a web page, not a checkpoint: the download gave a page to log in or confirm. Download the file itself.`;
  return null;
}

function namedTensors(dict: PickleDict, origin: string): ReadonlyMap<string, CheckpointTensor> {
  const named: [string, TensorView][] = [];
  for (const [name, value] of dict.entries) {
    if (typeof name !== 'string') continue;
    if (value instanceof TensorView) named.push([name, value]);
    if (value instanceof Placeholder && value.isTensor) {
      throw new OnnxLensError(
        'TENSOR_INVALID',
        `The tensor "${name}" of ${origin} is made by ${value.name}, but only dense tensors of real numbers are read. Convert it before saving.`,
      );
    }
  }
  const strip = sharedPrefixLength(named.map(([name]) => name));
  return new Map(
    named.map(([full, view]) => {
      const name = full.slice(strip);
      return [name, { name, dataType: view.type.dataType, dims: view.dims, read: () => view.read() }];
    }),
  );
}

/** Characters that DataParallel and torch.compile put before every name, as often as they were applied. */
function sharedPrefixLength(names: readonly string[]): number {
  let length = 0;
  for (;;) {
    const wrapper = WRAPPERS.find((each) => names.length > 0 && names.every((name) => name.startsWith(each, length)));
    if (wrapper === undefined) return length;
    length += wrapper.length;
  }
}
