import { OnnxLensError } from '../../errors.js';
import { persistentOf } from './globals.js';
import { CheckpointStorage, MAX_TENSOR_BYTES } from './storage.js';
import { unpickle } from './unpickler.js';
import type { PickleValue } from './values.js';
import { readZip, type ZipEntry } from './zip.js';

/** A pickle holds names and shapes only; STAR's 1,450 tensors take 0.2 MB. */
const MAX_PICKLE_BYTES = 64 * 2 ** 20;

/**
 * Reads the value of a torch.save file of PyTorch 1.6 and later: a zip archive with `NAME/data.pkl`, which describes
 * the value, and `NAME/data/KEY`, the raw bytes of each storage. Layout: torch/serialization.py (_save) and
 * caffe2/serialize/inline_container.cc.
 *
 * @throws OnnxLensError NOT_CHECKPOINT, UNSAFE_PICKLE, TENSOR_INVALID.
 */
export function readArchive(bytes: Uint8Array, origin: string): PickleValue {
  const entries = readZip(bytes, origin, MAX_TENSOR_BYTES);
  const pickle = findPickle(entries, origin);
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const isBigEndian = readByteOrder(entries.get(`${folder}byteorder`), origin) === 'big';
  const storages = new Map<string, CheckpointStorage>();
  const { value } = unpickle(pickle.read(), 0, origin, (id) => {
    const found = persistentOf(id, origin, (key, type, byteLength) => {
      const known = storages.get(key);
      if (known !== undefined && known.type === type && known.byteLength === byteLength) return known;
      const entry = entries.get(`${folder}data/${key}`);
      if (entry === undefined)
        throw new OnnxLensError(
          'NOT_CHECKPOINT',
          `${origin} lacks the data of its storage "${key}". Get the file again.`,
        );
      if (isBigEndian && type === null)
        throw new OnnxLensError('NOT_CHECKPOINT', `${origin} holds untyped big-endian data, which is not read.`);
      const load = isBigEndian ? () => swapped(entry.read(), type?.bytes ?? 1) : entry.read;
      const storage = new CheckpointStorage(key, type, byteLength, load);
      storages.set(key, storage);
      return storage;
    });
    return found.kind === 'storage' ? found.storage : found.value;
  });
  return value;
}

function findPickle(entries: ReadonlyMap<string, ZipEntry>, origin: string): ZipEntry {
  const pickles = [...entries.values()].filter(({ name }) => /^([^/]+\/)?data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw new OnnxLensError(
      'NOT_CHECKPOINT',
      `${origin} is a zip archive, but not one of torch.save: it holds no (single) data.pkl.`,
    );
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new OnnxLensError(
      'NOT_CHECKPOINT',
      `${origin} is a TorchScript program, not a checkpoint. Save its weights (torch.save(model.state_dict(), FILE)) and import that.`,
    );
  }
  if (pickle.size > MAX_PICKLE_BYTES) {
    throw new OnnxLensError(
      'NOT_CHECKPOINT',
      `${origin} describes itself in ${pickle.size} bytes; ${MAX_PICKLE_BYTES} at most are read.`,
    );
  }
  return pickle;
}

function readByteOrder(entry: ZipEntry | undefined, origin: string): 'little' | 'big' {
  if (entry === undefined) return 'little';
  const text = entry.size <= 16 ? new TextDecoder().decode(entry.read()) : '';
  if (text !== 'little' && text !== 'big')
    throw new OnnxLensError('NOT_CHECKPOINT', `${origin} names no byte order that exists.`);
  return text;
}

function swapped(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let start = 0; start + elementBytes <= out.length; start += elementBytes)
    out.subarray(start, start + elementBytes).reverse();
  return out;
}
