import { OnnxLensError } from '../../errors.js';
import { isDangerous } from './refused-names.js';
import { CheckpointStorage, TensorView, torchType, type TorchType } from './storage.js';
import { PickleDict, PickleGlobal, PickleSet, PickleTuple, Placeholder, type PickleValue } from './values.js';

type Construct = (args: readonly PickleValue[]) => PickleValue;

/** PyTorch's typed storages and the type of their elements. */
const STORAGE_TYPES: Readonly<Record<string, string>> = {
  'torch.FloatStorage': 'float32',
  'torch.DoubleStorage': 'float64',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
};

const UNTYPED_STORAGES: readonly string[] = [
  'torch.storage.UntypedStorage',
  'torch.storage._UntypedStorage',
  'torch.UntypedStorage',
];

/** Storages of element types that are not read, and bytes of one element: their tensors become placeholders. */
const UNREAD_STORAGES: Readonly<Record<string, number>> = {
  'torch.ComplexHalfStorage': 4,
  'torch.ComplexFloatStorage': 8,
  'torch.ComplexDoubleStorage': 16,
  'torch.QInt8Storage': 1,
  'torch.QUInt8Storage': 1,
  'torch.QInt32Storage': 4,
  'torch.QUInt4x2Storage': 1,
  'torch.QUInt2x4Storage': 1,
};

/**
 * What we make of the calls that hold tensors, and of Python's own containers. None of it runs anything of the file's:
 * each builds a plain value. Calls of anything else give a {@link Placeholder}.
 */
const CONSTRUCTORS: Readonly<Record<string, Construct>> = {
  'collections.OrderedDict': ([items]) => dictOf(items),
  'collections.Counter': ([items]) => dictOf(items),
  'collections.defaultdict': ([, items]) => dictOf(items),
  'builtins.dict': ([items]) => dictOf(items),
  'builtins.set': ([items]) => new PickleSet(Array.isArray(items) ? items : []),
  'builtins.frozenset': ([items]) => new PickleSet(Array.isArray(items) ? items : []),
  'torch._utils._rebuild_tensor': ([storage, offset, dims, strides]) => view(storage, null, offset, dims, strides),
  'torch._utils._rebuild_tensor_v2': ([storage, offset, dims, strides]) => view(storage, null, offset, dims, strides),
  'torch._utils._rebuild_tensor_v3': ([storage, offset, dims, strides, , , dtype]) =>
    view(storage, elementType(dtype), offset, dims, strides),
  'torch._utils._rebuild_parameter': ([tensor]) => tensorOf(tensor),
  'torch._utils._rebuild_parameter_with_state': ([tensor]) => tensorOf(tensor),
  'torch._tensor._rebuild_from_type_v2': ([build, , args]) => rebuildFromType(build, args),
  'torch.Size': ([dims]) => (dims instanceof PickleTuple ? dims : new PickleTuple(Array.isArray(dims) ? dims : [])),
};

/** Python 2 wrote its builtins' module so. */
const PYTHON_2_BUILTINS = '__builtin__';
/** A name is told, and kept, as far as this. */
const LONGEST_NAME = 200;
/** Functions of PyTorch that make tensors of other kinds than those above: sparse, quantized, nested, on a device. */
const OTHER_TENSOR = /^torch\.(?:_utils\._rebuild_\w+|_tensor\._rebuild_\w+|storage\._load_from_bytes)$/;

/**
 * A class or function that the pickle refers to.
 * @throws OnnxLensError UNSAFE_PICKLE, naming it, when only an attack would refer to it.
 */
export function globalNamed(module: string, name: string, origin: string): PickleGlobal {
  const full = `${module === PYTHON_2_BUILTINS ? 'builtins' : module}.${name}`;
  if (isDangerous(full)) {
    throw new OnnxLensError(
      'UNSAFE_PICKLE',
      `${origin} asks for ${full.slice(0, LONGEST_NAME)}, which is not needed to hold tensors and could run code; it is refused. Do not open this file with PyTorch, and get the checkpoint from a source that you trust.`,
    );
  }
  return new PickleGlobal(full.slice(0, LONGEST_NAME));
}

/**
 * What calling that with these arguments gives: a tensor or a container where we know how, otherwise a placeholder.
 * @throws OnnxLensError NOT_CHECKPOINT when it is nothing that Python could call, TENSOR_INVALID for bad views.
 */
export function callGlobal(
  callee: PickleValue | undefined,
  args: PickleValue | undefined,
  origin: string,
): PickleValue {
  const isCallable = callee instanceof PickleGlobal || callee instanceof Placeholder;
  if (!isCallable || !(args instanceof PickleTuple)) {
    throw new OnnxLensError(
      'NOT_CHECKPOINT',
      `${origin} is no checkpoint of PyTorch, or damaged: it calls something that is no function.`,
    );
  }
  const construct =
    callee instanceof PickleGlobal && Object.hasOwn(CONSTRUCTORS, callee.name) ? CONSTRUCTORS[callee.name] : undefined;
  if (construct !== undefined) return construct(args.items);
  return new Placeholder(callee.name, OTHER_TENSOR.test(callee.name));
}

/** A storage, with what follows it in its persistent id, or what stands for anything else outside the pickle. */
export type Persistent =
  | { readonly kind: 'storage'; readonly storage: CheckpointStorage; readonly rest: readonly PickleValue[] }
  | { readonly kind: 'other'; readonly value: PickleValue };

/**
 * What a persistent id stands for: `('storage', type, key, location, count, …)`, or `('module', class, …)`, by which
 * the older format names the class of a module.
 * @param find gives the storage; its bytes are loaded when first needed. A storage without a type of ours has null.
 * @throws OnnxLensError UNSAFE_PICKLE for any other persistent id.
 */
export function persistentOf(
  id: PickleValue | undefined,
  origin: string,
  find: (key: string, type: TorchType | null, byteLength: number, elementBytes: number) => CheckpointStorage,
): Persistent {
  const items = id instanceof PickleTuple ? id.items : [];
  const [kind, storageType, key, , count, ...rest] = items;
  if (kind === 'module' && storageType instanceof PickleGlobal) return { kind: 'other', value: storageType };
  const isStorage = kind === 'storage' && storageType instanceof PickleGlobal && typeof key === 'string';
  if (!isStorage || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    throw new OnnxLensError(
      'UNSAFE_PICKLE',
      `${origin} refers to something outside it that is no tensor storage; it is refused.`,
    );
  }
  const { name } = storageType;
  const unread = Object.hasOwn(UNREAD_STORAGES, name) ? UNREAD_STORAGES[name] : undefined;
  if (unread !== undefined) {
    find(key, null, count * unread, unread);
    return { kind: 'other', value: new Placeholder(name, true) };
  }
  const typeName = Object.hasOwn(STORAGE_TYPES, name) ? STORAGE_TYPES[name] : undefined;
  const type = typeName === undefined ? null : (torchType(typeName) ?? null);
  if (type === null && !UNTYPED_STORAGES.includes(name)) {
    throw new OnnxLensError('UNSAFE_PICKLE', `${origin} refers to a storage of ${name}, which is none; it is refused.`);
  }
  const bytes = type?.bytes ?? 1;
  return { kind: 'storage', storage: find(key, type, count * bytes, bytes), rest };
}

function view(
  storage: PickleValue | undefined,
  dtype: TorchType | Placeholder | null,
  offset: PickleValue | undefined,
  dims: PickleValue | undefined,
  strides: PickleValue | undefined,
): TensorView | Placeholder {
  if (storage instanceof Placeholder && storage.isTensor) return storage;
  if (dtype instanceof Placeholder) return dtype;
  const type = dtype ?? (storage instanceof CheckpointStorage ? storage.type : null);
  if (!(storage instanceof CheckpointStorage) || type === null || typeof offset !== 'number') throw malformed();
  return new TensorView(storage, type, offset, numbers(dims), numbers(strides));
}

function numbers(value: PickleValue | undefined): number[] {
  if (!(value instanceof PickleTuple) || value.items.length > 64) throw malformed();
  return value.items.map((item) => {
    if (typeof item !== 'number') throw malformed();
    return item;
  });
}

/** A placeholder for element types that are not read. */
function elementType(dtype: PickleValue | undefined): TorchType | Placeholder {
  if (!(dtype instanceof PickleGlobal)) throw malformed();
  return torchType(dtype.name.replace(/^torch\./, '')) ?? new Placeholder(dtype.name, true);
}

function tensorOf(value: PickleValue | undefined): TensorView | Placeholder {
  if (value instanceof TensorView || (value instanceof Placeholder && value.isTensor)) return value;
  throw malformed();
}

function rebuildFromType(build: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
  if (!(build instanceof PickleGlobal) || !(args instanceof PickleTuple)) throw malformed();
  const isOurs = build.name.startsWith('torch._utils.') && Object.hasOwn(CONSTRUCTORS, build.name);
  const construct = isOurs ? CONSTRUCTORS[build.name] : undefined;
  return construct === undefined ? new Placeholder(build.name, true) : construct(args.items);
}

function dictOf(items: PickleValue | undefined): PickleDict {
  const dict = new PickleDict();
  if (items instanceof PickleDict) for (const [key, value] of items.entries) dict.entries.set(key, value);
  if (Array.isArray(items)) {
    for (const pair of items) {
      const [key, value] = pair instanceof PickleTuple ? pair.items : Array.isArray(pair) ? pair : [];
      if (key === undefined || value === undefined) throw malformed();
      dict.entries.set(key, value);
    }
  }
  return dict;
}

function malformed(): OnnxLensError {
  return new OnnxLensError(
    'NOT_CHECKPOINT',
    'The checkpoint describes a tensor in a way that PyTorch does not write. Get the file again.',
  );
}
