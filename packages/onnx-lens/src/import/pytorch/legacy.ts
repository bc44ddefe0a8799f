import { OnnxLensError } from '../../errors.js';
import { persistentOf } from './globals.js';
import { CheckpointStorage, type TorchType } from './storage.js';
import { unpickle } from './unpickler.js';
import { PickleTuple, type PickleValue } from './values.js';

/** The pickled number 0x1950a86a20f9469cfc6c with which these files begin (LONG1 of 10 bytes, STOP). */
const MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const PROTOCOL_VERSION = 1001;
/**
 * Parts of storages may lie over each other, and each is copied when it is read: together they may be that many times
 * the file.
 */
const MOST_OVERLAP = 8;

/** True when the bytes begin as a torch.save file of PyTorch 0.1.10 to 1.5 does. */
export function isLegacy(bytes: Uint8Array): boolean {
  // Before it stand the protocol (2 bytes) and, from protocol 4 on, a frame's length (9).
  return bytes[0] === 0x80 && [2, 11].some((start) => MAGIC.every((byte, place) => bytes[start + place] === byte));
}

/**
 * Reads the value of a torch.save file of PyTorch before 1.6 (or saved so on purpose): pickles of a magic number, a
 * protocol version, the machine's sizes, the value and the list of storage keys; then each storage as an int64 count
 * and its elements, little-endian. Layout: torch/serialization.py (_legacy_save).
 *
 * @throws OnnxLensError NOT_CHECKPOINT, UNSAFE_PICKLE, TENSOR_INVALID.
 */
export function readLegacy(bytes: Uint8Array, origin: string): PickleValue {
  const noStorages = (): never => {
    throw new OnnxLensError('NOT_CHECKPOINT', `${origin} is damaged: its head refers to storages.`);
  };
  const magic = unpickle(bytes, 0, origin, noStorages);
  const protocol = unpickle(bytes, magic.end, origin, noStorages);
  if (protocol.value !== PROTOCOL_VERSION) {
    throw new OnnxLensError(
      'NOT_CHECKPOINT',
      `${origin} is written in another version of PyTorch's older format than ${PROTOCOL_VERSION}, the only one known.`,
    );
  }
  const system = unpickle(bytes, protocol.end, origin, noStorages);
  const storages = new LegacyStorages(bytes, origin);
  const value = unpickle(bytes, system.end, origin, (id) => storages.resolve(id));
  const keys = unpickle(bytes, value.end, origin, noStorages);
  storages.locate(keys.value, keys.end);
  return value.value;
}

interface Root {
  readonly type: TorchType | null;
  readonly byteLength: number;
  readonly elementBytes: number;
  /** Where the bytes begin in the file; known once the value has been read, since the storages follow it. */
  start: number | undefined;
}

class LegacyStorages {
  readonly #bytes: Uint8Array;
  readonly #origin: string;
  readonly #roots = new Map<string, Root>();
  readonly #storages = new Map<string, CheckpointStorage>();
  #partBytes = 0;

  constructor(bytes: Uint8Array, origin: string) {
    this.#bytes = bytes;
    this.#origin = origin;
  }

  /**
   * A storage, or the part of it that a "view" names (offset and length in elements), as files before 0.4 have them.
   */
  resolve(id: PickleValue): PickleValue {
    const found = persistentOf(id, this.#origin, (key, type, byteLength, elementBytes) => {
      const root = this.#roots.get(key) ?? { type, byteLength, elementBytes, start: undefined };
      this.#roots.set(key, root);
      if (root.type !== type || root.byteLength !== byteLength)
        throw this.#damaged(`describes its storage "${key}" in two ways`);
      return this.#part(key, root, 0, byteLength);
    });
    if (found.kind === 'other') return found.value;
    const [part] = found.rest;
    return part instanceof PickleTuple ? this.#viewOf(found.storage, part) : found.storage;
  }

  #viewOf(storage: CheckpointStorage, part: PickleTuple): CheckpointStorage {
    const [, offset, length] = part.items;
    const root = this.#roots.get(storage.key);
    const size = storage.type?.bytes ?? 1;
    if (root === undefined || typeof offset !== 'number' || typeof length !== 'number')
      throw this.#damaged('describes a part of a storage wrongly');
    if (!(offset >= 0 && length >= 0 && (offset + length) * size <= root.byteLength))
      throw this.#damaged('has a storage reach beyond itself');
    return this.#part(storage.key, root, offset * size, length * size);
  }

  /** The bytes from..from+length of a root storage; one object for each such part, so that tensors go on sharing it. */
  #part(key: string, root: Root, from: number, length: number): CheckpointStorage {
    const name = `${key}\n${from}\n${length}`;
    const known = this.#storages.get(name);
    if (known !== undefined) return known;
    this.#partBytes += length < root.byteLength ? length : 0;
    if (this.#partBytes > MOST_OVERLAP * this.#bytes.length)
      throw this.#damaged('has ever new parts of its storages lie over each other');
    const storage = new CheckpointStorage(key, root.type, length, () => {
      if (root.start === undefined) throw this.#damaged(`lacks the data of its storage "${key}"`);
      return this.#bytes.subarray(root.start + from, root.start + from + length);
    });
    this.#storages.set(name, storage);
    return storage;
  }

  /** Walks over the storages that follow the pickles and notes where each begins. */
  locate(keys: PickleValue, start: number): void {
    if (!Array.isArray(keys)) throw this.#damaged('does not list its storages');
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    let at = start;
    for (const key of keys) {
      const root = typeof key === 'string' ? this.#roots.get(key) : undefined;
      if (root === undefined || root.start !== undefined) throw this.#damaged('lists storages that it does not use');
      const count = at + 8 <= this.#bytes.length ? view.getBigInt64(at, true) : -1n;
      if (count * BigInt(root.elementBytes) !== BigInt(root.byteLength))
        throw this.#damaged('gives another length for a storage than its value does');
      root.start = at + 8;
      at = root.start + root.byteLength;
      if (at > this.#bytes.length) throw this.#damaged('is cut off in its data');
    }
  }

  #damaged(what: string): OnnxLensError {
    return new OnnxLensError('NOT_CHECKPOINT', `${this.#origin} ${what}: it is damaged. Get the file again.`);
  }
}
