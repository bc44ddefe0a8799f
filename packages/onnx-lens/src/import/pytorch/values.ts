import type { CheckpointStorage, TensorView } from './storage.js';

/** A Python tuple. */
export class PickleTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/**
 * A Python dict, OrderedDict, defaultdict or Counter, in its order. Keys that are tuples or objects count by identity.
 */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** A Python set or frozenset. Members that are tuples or objects count by identity. */
export class PickleSet {
  readonly items: Set<PickleValue>;
  constructor(items: readonly PickleValue[] = []) {
    this.items = new Set(items);
  }
}

/**
 * Stands for an object whose class we do not have or do not need (argparse.Namespace, a NumPy array, a module): a name
 * and the plain values that the pickle gives it. Nothing of the class or of the file is ever run.
 */
export class Placeholder {
  /** The class or function that would have made it, e.g. `argparse.Namespace`. */
  readonly name: string;
  /** True for a tensor of a kind that is not read: sparse, quantized, complex. */
  readonly isTensor: boolean;
  /** What the pickle sets as the object's attributes; null when it sets none. */
  state: PickleValue = null;
  /** What the pickle stores in it by key, as in subclasses of dict; null when it stores nothing. */
  items: PickleDict | null = null;

  constructor(name: string, isTensor = false) {
    this.name = name;
    this.isTensor = isTensor;
  }
}

/** A class or function that the pickle refers to by name. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What a pickle may be made of. Lists are JavaScript arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleSet
  | PickleGlobal
  | Placeholder
  | CheckpointStorage
  | TensorView;
