import { OnnxLensError } from '../../errors.js';
import { CheckpointStorage, TensorView, TORCH_TYPE_NAMES, torchType, type TorchType } from './storage.js';
import { Inert, PickleDict, PickleGlobal, PickleTuple, type PickleValue } from './values.js';

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

/** Python 2 wrote other module names for the same things. */
const RENAMED: Readonly<Record<string, string>> = {
  '__builtin__.set': 'builtins.set',
  '__builtin__.bytearray': 'builtins.bytearray',
  '__builtin__.complex': 'builtins.complex',
};

/**
 * What a checkpoint may call, and what we make of the call. None of it runs anything of the file's: each builds a plain
 * value. Where PyTorch's own `weights_only` loader has the same list, it is the model for this one; NumPy's scalars are
 * added because training scripts leave them beside the weights.
 */
const CONSTRUCTORS: Readonly<Record<string, Construct>> = {
  'collections.OrderedDict': ([items]) => dictOf(items),
  'collections.Counter': ([items]) => dictOf(items),
  'torch._utils._rebuild_tensor': ([storage, offset, dims, strides]) => view(storage, null, offset, dims, strides),
  'torch._utils._rebuild_tensor_v2': ([storage, offset, dims, strides]) => view(storage, null, offset, dims, strides),
  'torch._utils._rebuild_tensor_v3': ([storage, offset, dims, strides, , , dtype]) =>
    view(storage, elementType(dtype), offset, dims, strides),
  'torch._utils._rebuild_parameter': ([tensor]) => tensorOf(tensor),
  'torch._utils._rebuild_parameter_with_state': ([tensor]) => tensorOf(tensor),
  'torch._tensor._rebuild_from_type_v2': ([build, , args]) => rebuildFromType(build, args),
  'torch.Size': ([dims]) => (dims instanceof PickleTuple ? dims : new PickleTuple(Array.isArray(dims) ? dims : [])),
  'torch.device': () => new Inert('torch.device'),
  'torch.serialization._get_layout': () => new Inert('torch.layout'),
  'numpy.core.multiarray.scalar': () => new Inert('numpy scalar'),
  'numpy._core.multiarray.scalar': () => new Inert('numpy scalar'),
  'numpy.dtype': () => new Inert('numpy.dtype'),
  '_codecs.encode': () => new Inert('bytes'),
  'builtins.set': () => new Inert('set'),
  'builtins.bytearray': () => new Inert('bytearray'),
  'builtins.complex': () => new Inert('complex'),
};

/** A refused name is told as far as this. */
const LONGEST_NAME = 200;

/** Names that may be referred to but not called. */
const PLAIN_NAMES: ReadonlySet<string> = new Set([
  'torch.Tensor',
  'torch.nn.parameter.Parameter',
  ...Object.keys(STORAGE_TYPES),
  ...UNTYPED_STORAGES,
  ...TORCH_TYPE_NAMES.map((name) => `torch.${name}`),
]);

/**
 * A name that the pickle refers to.
 * @throws OnnxLensError UNSAFE_PICKLE, naming it, when it is not on the list.
 */
export function allowedGlobal(module: string, name: string, origin: string): PickleGlobal {
  const written = `${module}.${name}`;
  const full = RENAMED[written] ?? written;
  if (Object.hasOwn(CONSTRUCTORS, full) || PLAIN_NAMES.has(full)) return new PickleGlobal(full);
  const isTensorKind = /^torch(\._utils\._rebuild_|\.[A-Za-z0-9]*Storage$|\.[a-z0-9_]+$)/.test(full);
  const why = isTensorKind
    ? 'but only dense tensors of real numbers are read; it is refused.'
    : 'which is not needed to hold tensors and could run code; it is refused.';
  throw new OnnxLensError(
    'UNSAFE_PICKLE',
    `${origin} asks for ${full.slice(0, LONGEST_NAME)}, ${why} Save only the weights (torch.save(model.state_dict(), FILE)) and import that.`,
  );
}

/**
 * What calling an allowed name with these arguments gives.
 * @throws OnnxLensError UNSAFE_PICKLE when it is no name of the list that may be called, TENSOR_INVALID for bad views.
 */
export function callGlobal(
  callee: PickleValue | undefined,
  args: PickleValue | undefined,
  origin: string,
): PickleValue {
  const construct =
    callee instanceof PickleGlobal && Object.hasOwn(CONSTRUCTORS, callee.name) ? CONSTRUCTORS[callee.name] : undefined;
  if (construct === undefined || !(args instanceof PickleTuple)) {
    const what = callee instanceof PickleGlobal ? callee.name : 'something that is no function';
    throw new OnnxLensError(
      'UNSAFE_PICKLE',
      `${origin} calls ${what}, which is not how tensors are saved; it is refused.`,
    );
  }
  return construct(args.items);
}

/**
 * The storage that a persistent id `('storage', type, key, location, count, …)` stands for.
 * @param load gives the storage's bytes when first needed.
 * @throws OnnxLensError UNSAFE_PICKLE for any other persistent id.
 */
export function storageOf(
  id: PickleValue | undefined,
  origin: string,
  find: (key: string, type: TorchType | null, byteLength: number) => CheckpointStorage,
): { storage: CheckpointStorage; rest: readonly PickleValue[] } {
  const items = id instanceof PickleTuple ? id.items : [];
  const [kind, storageType, key, , count, ...rest] = items;
  if (kind === 'module') {
    throw new OnnxLensError(
      'UNSAFE_PICKLE',
      `${origin} holds a whole module, whose code would have to run. Save only its weights (torch.save(model.state_dict(), FILE)).`,
    );
  }
  const isStorage = kind === 'storage' && storageType instanceof PickleGlobal && typeof key === 'string';
  if (!isStorage || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    throw new OnnxLensError(
      'UNSAFE_PICKLE',
      `${origin} refers to something outside it that is no tensor storage; it is refused.`,
    );
  }
  const typeName = STORAGE_TYPES[storageType.name];
  const type = typeName === undefined ? null : (torchType(typeName) ?? null);
  if (type === null && !UNTYPED_STORAGES.includes(storageType.name)) {
    throw new OnnxLensError(
      'UNSAFE_PICKLE',
      `${origin} refers to a storage of ${storageType.name}, which is none; it is refused.`,
    );
  }
  return { storage: find(key, type, count * (type?.bytes ?? 1)), rest };
}

function view(
  storage: PickleValue | undefined,
  dtype: TorchType | null,
  offset: PickleValue | undefined,
  dims: PickleValue | undefined,
  strides: PickleValue | undefined,
): TensorView {
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

function elementType(dtype: PickleValue | undefined): TorchType {
  const type = dtype instanceof PickleGlobal ? torchType(dtype.name.replace(/^torch\./, '')) : undefined;
  if (type === undefined) throw malformed();
  return type;
}

function tensorOf(value: PickleValue | undefined): TensorView {
  if (!(value instanceof TensorView)) throw malformed();
  return value;
}

function rebuildFromType(build: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
  const construct =
    build instanceof PickleGlobal && build.name.startsWith('torch._utils.') ? CONSTRUCTORS[build.name] : undefined;
  if (construct === undefined || !(args instanceof PickleTuple)) throw malformed();
  return construct(args.items);
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
