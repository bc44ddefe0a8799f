import type { CheckpointStorage, TensorView } from './storage.js';

/** A Python tuple. */
export class PickleTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** A Python dict, OrderedDict or Counter, in its order. Keys that are tuples or objects count by identity. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** A value of an allowed kind that says nothing about tensors (a dtype's state, a NumPy number): kept out of the result. */
export class Inert {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/** A name from the allow-list, as a pickle refers to it. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What an allowed pickle may be made of. Lists are JavaScript arrays. */
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
  | PickleGlobal
  | Inert
  | CheckpointStorage
  | TensorView;
