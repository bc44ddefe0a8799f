import { OnnxLensError } from '../../errors.js';
import { readFileWhole } from '../../files.js';
import type { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Tensor } from '../../model/tensors.js';
import { readArchive } from './archive.js';
import { isLegacy, readLegacy } from './legacy.js';
import { TensorView } from './storage.js';
import { PickleDict, type PickleValue } from './values.js';
import { isZip } from './zip.js';

/** One named tensor of a checkpoint. Its shape is known at once, its values are read when asked for. */
export interface CheckpointTensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /**
   * The values in row-major order: a view of the file's bytes where they lie so, else a copy.
   * @throws OnnxLensError NOT_CHECKPOINT when the file's bytes for it are damaged.
   */
  readonly read: () => Tensor;
}

/** The weights of a PyTorch checkpoint. */
export interface Checkpoint {
  /** 'zip' since PyTorch 1.6, 'legacy' before. */
  readonly format: 'zip' | 'legacy';
  /** Where the state_dict was found: the dict keys that lead to it, joined by dots; '' when it is the file's own value. */
  readonly key: string;
  /** By name, in the file's order, without a `module.` or `_orig_mod.` that all of them bear. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/** Options of reading a checkpoint. */
export interface CheckpointOptions {
  /** Dict keys, joined by dots, that lead to the state_dict; found by itself when left out. */
  readonly key?: string;
}

/** Keys under which training scripts put the weights, the likeliest first. */
const USUAL_KEYS = [
  'net',
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'module',
  'weights',
  'network',
  'generator',
];
/** How deep dicts are searched for a state_dict: {'checkpoint': {'model': {…}}} is 2. */
const SEARCH_DEPTH = 3;
const WRAPPERS = ['module.', '_orig_mod.'];

/**
 * Reads the weights of a torch.save file (zip or older format) without PyTorch and without running any of its code.
 *
 * @example
 * const { tensors } = loadCheckpoint('mobilenet0.25_Final.pth');
 * tensors.get('body.stage1.0.0.weight')?.dims; // [8, 3, 3, 3]
 * @throws OnnxLensError FILE_UNREADABLE, NOT_CHECKPOINT, UNSAFE_PICKLE (naming what was refused), TENSOR_INVALID.
 */
export function loadCheckpoint(path: string, options: CheckpointOptions = {}): Checkpoint {
  return parseCheckpoint(readFileWhole(path, 'the checkpoint'), path, options);
}

/**
 * Reads the bytes of a torch.save file. Tensors' values are views of `bytes` where they can be.
 * @param origin how to call the file in messages.
 * @throws OnnxLensError as {@link loadCheckpoint}.
 */
export function parseCheckpoint(
  bytes: Uint8Array,
  origin = 'the checkpoint',
  options: CheckpointOptions = {},
): Checkpoint {
  const { format, value } = readAny(bytes, origin);
  const found = options.key === undefined ? findStateDict(value, origin) : atKey(value, options.key, origin);
  return { format, key: found.key, tensors: namedTensors(found.dict) };
}

function readAny(bytes: Uint8Array, origin: string): { format: 'zip' | 'legacy'; value: PickleValue } {
  if (isZip(bytes)) return { format: 'zip', value: readArchive(bytes, origin) };
  if (isLegacy(bytes)) return { format: 'legacy', value: readLegacy(bytes, origin) };
  const mistaken = mistakenFile(bytes, origin);
  if (mistaken !== null) throw new OnnxLensError('NOT_CHECKPOINT', mistaken);
  const isTar = new TextDecoder().decode(bytes.subarray(257, 262)) === 'ustar';
  throw new OnnxLensError(
    'NOT_CHECKPOINT',
    isTar
      ? `${origin} is in the tar format of PyTorch before 0.1.10. Load and save it again with a newer PyTorch.`
      : `${origin} is no file of torch.save: it begins neither as a zip archive nor with PyTorch's pickled number.`,
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

interface StateDict {
  readonly key: string;
  readonly dict: PickleDict;
}

function holdsTensors(dict: PickleDict): boolean {
  return [...dict.entries].some(([key, value]) => typeof key === 'string' && value instanceof TensorView);
}

/** The file's value when it holds tensors itself, else the one nested dict that does, else the one with the likeliest key. */
function findStateDict(value: PickleValue, origin: string): StateDict {
  const found = value instanceof PickleDict ? stateDictsIn(value) : [];
  const [first] = found;
  if (first === undefined) {
    throw new OnnxLensError('NOT_CHECKPOINT', `${origin} holds no state_dict: no dict in it maps names to tensors.`);
  }
  if (first.key === '' || found.length === 1) return first;
  for (const usual of USUAL_KEYS) {
    const match = found.find(({ key }) => key === usual || key.endsWith(`.${usual}`));
    if (match !== undefined) return match;
  }
  const keys = found.map(({ key }) => `"${key}"`).join(', ');
  throw new OnnxLensError('NOT_CHECKPOINT', `${origin} holds several state_dicts (${keys}); say which by its key.`);
}

/** Breadth first, each dict once: a hostile file may have dicts hold each other. */
function stateDictsIn(root: PickleDict): StateDict[] {
  const found: StateDict[] = [];
  const seen = new Set<PickleDict>([root]);
  let level: StateDict[] = [{ key: '', dict: root }];
  for (let depth = 0; depth <= SEARCH_DEPTH && level.length > 0; depth++) {
    const next: StateDict[] = [];
    for (const { key, dict } of level) {
      if (holdsTensors(dict)) {
        found.push({ key, dict });
        continue;
      }
      for (const [name, child] of dict.entries) {
        if (!(child instanceof PickleDict) || seen.has(child) || typeof name !== 'string') continue;
        seen.add(child);
        next.push({ key: key === '' ? name : `${key}.${name}`, dict: child });
      }
    }
    level = next;
  }
  return found;
}

function atKey(value: PickleValue, key: string, origin: string): StateDict {
  let at: PickleValue | undefined = value;
  for (const part of key === '' ? [] : key.split('.')) at = at instanceof PickleDict ? at.entries.get(part) : undefined;
  if (!(at instanceof PickleDict) || !holdsTensors(at)) {
    throw new OnnxLensError('NOT_CHECKPOINT', `${origin} holds no state_dict under the key "${key}".`);
  }
  return { key, dict: at };
}

function namedTensors(dict: PickleDict): ReadonlyMap<string, CheckpointTensor> {
  const named: [string, TensorView][] = [];
  for (const [name, value] of dict.entries) {
    if (typeof name === 'string' && value instanceof TensorView) named.push([name, value]);
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
