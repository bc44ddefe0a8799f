import { OnnxLensError } from '../../errors.js';
import { allowedGlobal, callGlobal } from './globals.js';
import { TensorView } from './storage.js';
import { Inert, PickleDict, PickleGlobal, PickleTuple, type PickleValue } from './values.js';

/** Opcodes of Python's pickletools that torch.save writes (protocols 2 to 5). All others are refused by name. */
const OPCODES = {
  MARK: 0x28,
  STOP: 0x2e,
  POP: 0x30,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  NONE: 0x4e,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  BINSTRING: 0x54,
  SHORT_BINSTRING: 0x55,
  BINUNICODE: 0x58,
  EMPTY_LIST: 0x5d,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  APPENDS: 0x65,
  BINGET: 0x68,
  LONG_BINGET: 0x6a,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  SETITEMS: 0x75,
  EMPTY_DICT: 0x7d,
  BINFLOAT: 0x47,
  EMPTY_TUPLE: 0x29,
  PROTO: 0x80,
  NEWOBJ: 0x81,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  SHORT_BINUNICODE: 0x8c,
  BINUNICODE8: 0x8d,
  EMPTY_SET: 0x8f,
  ADDITEMS: 0x90,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
  BINBYTES: 0x42,
  SHORT_BINBYTES: 0x43,
} as const;

/** Names of opcodes that Python has and a checkpoint does not need, for the message that refuses them. */
const REFUSED: Readonly<Record<number, string>> = {
  0x31: 'POP_MARK',
  0x32: 'DUP',
  0x46: 'FLOAT',
  0x49: 'INT',
  0x4c: 'LONG',
  0x50: 'PERSID',
  0x53: 'STRING',
  0x56: 'UNICODE',
  0x64: 'DICT',
  0x67: 'GET',
  0x69: 'INST',
  0x6c: 'LIST',
  0x6f: 'OBJ',
  0x70: 'PUT',
  0x82: 'EXT1',
  0x83: 'EXT2',
  0x84: 'EXT4',
  0x8b: 'LONG4',
  0x8e: 'BINBYTES8',
  0x91: 'FROZENSET',
  0x92: 'NEWOBJ_EX',
  0x96: 'BYTEARRAY8',
  0x97: 'NEXT_BUFFER',
  0x98: 'READONLY_BUFFER',
};

/**
 * Objects that one pickle may make, and opcodes that it may hold. A checkpoint takes some thirty opcodes and two objects a
 * tensor, so this is room for half a million tensors; a bomb ends here instead of in an exhausted memory.
 */
const MAX_OBJECTS = 2_000_000;
const MAX_OPCODES = 20_000_000;

/** Stands on the stack where a MARK was pushed. */
const MARK = Symbol('mark');

/** Resolves a persistent id to the storage it names. */
export type PersistentLoad = (id: PickleValue) => PickleValue;

/** The value of a pickle and where the next thing in the file begins. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
}

/**
 * Reads one pickle without running anything: names outside the allow-list, calls of anything else and opcodes that
 * checkpoints do not need are refused. A stack machine without recursion, so nesting depth costs nothing.
 *
 * @throws OnnxLensError UNSAFE_PICKLE when something is refused, NOT_CHECKPOINT when the bytes are no whole pickle.
 */
export function unpickle(bytes: Uint8Array, start: number, origin: string, persistentLoad: PersistentLoad): Unpickled {
  return new Machine(bytes, start, origin, persistentLoad).run();
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #origin: string;
  readonly #persistentLoad: PersistentLoad;
  #at: number;
  #objects = 0;
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, start: number, origin: string, persistentLoad: PersistentLoad) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#origin = origin;
    this.#persistentLoad = persistentLoad;
  }

  run(): Unpickled {
    for (let count = 0; count < MAX_OPCODES; count++) {
      const opcode = this.#byte();
      if (opcode === OPCODES.STOP) return { value: this.#pop(), end: this.#at };
      this.#step(opcode);
    }
    throw this.#tooLarge();
  }

  #step(opcode: number): void {
    if (this.#pushPlain(opcode) || this.#container(opcode) || this.#memoize(opcode) || this.#object(opcode)) return;
    if (opcode === OPCODES.PROTO) return this.#checkProtocol(this.#byte());
    if (opcode === OPCODES.FRAME) return void this.#take(8);
    if (opcode === OPCODES.POP) return void this.#stack.pop();
    const name = REFUSED[opcode];
    if (name === undefined) throw this.#broken(`holds the byte ${opcode} where Python's pickle has no such instruction`);
    throw this.#refused(`uses the instruction ${name}, which torch.save does not write`);
  }

  /** Numbers, strings and the like. */
  #pushPlain(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.NONE:
        return this.#push(null);
      case OPCODES.NEWTRUE:
        return this.#push(true);
      case OPCODES.NEWFALSE:
        return this.#push(false);
      case OPCODES.BININT:
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case OPCODES.BININT1:
        return this.#push(this.#byte());
      case OPCODES.BININT2:
        return this.#push(this.#view.getUint16(this.#take(2), true));
      case OPCODES.LONG1:
        return this.#push(this.#long(this.#byte()));
      case OPCODES.BINFLOAT:
        return this.#push(this.#view.getFloat64(this.#take(8), false));
      case OPCODES.BINUNICODE:
      case OPCODES.BINSTRING:
        return this.#push(this.#text(this.#uint32()));
      case OPCODES.SHORT_BINUNICODE:
      case OPCODES.SHORT_BINSTRING:
        return this.#push(this.#text(this.#byte()));
      case OPCODES.BINUNICODE8:
        return this.#push(this.#text(Number(this.#view.getBigUint64(this.#take(8), true))));
      case OPCODES.BINBYTES:
        return this.#push(this.#slice(this.#uint32()));
      case OPCODES.SHORT_BINBYTES:
        return this.#push(this.#slice(this.#byte()));
      default:
        return false;
    }
  }

  #container(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.MARK:
        this.#stack.push(MARK);
        return true;
      case OPCODES.EMPTY_TUPLE:
        return this.#pushObject(new PickleTuple([]));
      case OPCODES.TUPLE1:
        return this.#tuple(1);
      case OPCODES.TUPLE2:
        return this.#tuple(2);
      case OPCODES.TUPLE3:
        return this.#tuple(3);
      case OPCODES.TUPLE:
        return this.#pushObject(new PickleTuple(this.#popToMark()));
      case OPCODES.EMPTY_LIST:
        return this.#pushObject([]);
      case OPCODES.EMPTY_DICT:
        return this.#pushObject(new PickleDict());
      case OPCODES.EMPTY_SET:
        return this.#pushObject(new Inert('set'));
      case OPCODES.APPEND:
        return this.#append([this.#pop()]);
      case OPCODES.APPENDS:
        return this.#append(this.#popToMark());
      case OPCODES.SETITEM: {
        const value = this.#pop();
        return this.#setItems([this.#pop(), value]);
      }
      case OPCODES.SETITEMS:
        return this.#setItems(this.#popToMark());
      case OPCODES.ADDITEMS:
        this.#popToMark();
        return this.#top() instanceof Inert;
      default:
        return false;
    }
  }

  #memoize(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.BINPUT:
        return this.#put(this.#byte());
      case OPCODES.LONG_BINPUT:
        return this.#put(this.#uint32());
      case OPCODES.MEMOIZE:
        return this.#put(this.#memo.size);
      case OPCODES.BINGET:
        return this.#get(this.#byte());
      case OPCODES.LONG_BINGET:
        return this.#get(this.#uint32());
      default:
        return false;
    }
  }

  #object(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.GLOBAL:
        return this.#pushObject(this.#global(this.#line(), this.#line()));
      case OPCODES.STACK_GLOBAL: {
        const name = this.#pop();
        return this.#pushObject(this.#global(this.#pop(), name));
      }
      case OPCODES.REDUCE:
      case OPCODES.NEWOBJ: {
        const args = this.#pop();
        this.#spend(sizeOfCopy(args));
        return this.#pushObject(callGlobal(this.#pop(), args, this.#origin));
      }
      case OPCODES.BUILD:
        return this.#build();
      case OPCODES.BINPERSID:
        return this.#pushObject(this.#persistentLoad(this.#pop()));
      default:
        return false;
    }
  }

  /** BUILD sets attributes. None of them bears on tensors (a state_dict's `_metadata`, a dtype's byte order): dropped. */
  #build(): boolean {
    this.#pop();
    const target = this.#top();
    if (target instanceof PickleDict || target instanceof TensorView || target instanceof Inert) return true;
    throw this.#refused('sets attributes of something that has none in a checkpoint');
  }

  #global(module: PickleValue, name: PickleValue): PickleGlobal {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#broken('names something by no name');
    return allowedGlobal(module, name, this.#origin);
  }

  #tuple(length: number): boolean {
    const items = Array.from({ length }, () => this.#pop()).reverse();
    return this.#pushObject(new PickleTuple(items));
  }

  #append(items: readonly PickleValue[]): boolean {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#broken('appends to something that is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #setItems(items: readonly PickleValue[]): boolean {
    const dict = this.#top();
    if (!(dict instanceof PickleDict) || items.length % 2 !== 0) throw this.#broken('sets items of something that is no dict');
    for (let place = 0; place < items.length; place += 2) {
      dict.entries.set(items[place] as PickleValue, items[place + 1] as PickleValue); // the length is even
    }
    return true;
  }

  #put(index: number): boolean {
    this.#memo.set(index, this.#top());
    return true;
  }

  #get(index: number): boolean {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#broken('refers to something that it does not hold');
    return this.#push(value);
  }

  #push(value: PickleValue): true {
    this.#stack.push(value);
    return true;
  }

  #pushObject(value: PickleValue): true {
    this.#spend(1);
    return this.#push(value);
  }

  #spend(objects: number): void {
    this.#objects += objects;
    if (this.#objects > MAX_OBJECTS) throw this.#tooLarge();
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#broken('takes more than it has put down');
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#broken('takes more than it has put down');
    return value;
  }

  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#broken('takes more than it has put down');
    const items = this.#stack.splice(mark) as PickleValue[]; // nothing after the last mark is a mark
    items.shift();
    return items;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  #uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Moves on by that many bytes and returns where they began. */
  #take(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw this.#broken('ends in the middle (cut off?)');
    this.#at += length;
    return from;
  }

  #slice(length: number): Uint8Array {
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#slice(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#broken('ends in the middle (cut off?)');
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  /** A little-endian two's complement integer; a bigint where it is no safe number. */
  #long(length: number): number | bigint {
    const raw = this.#slice(length);
    let value = 0n;
    for (let place = raw.length - 1; place >= 0; place--) value = (value << 8n) | BigInt(raw[place] ?? 0);
    const signed = BigInt.asIntN(8 * Math.max(1, length), value);
    const narrow = Number(signed);
    return Number.isSafeInteger(narrow) ? narrow : signed;
  }

  #checkProtocol(protocol: number): void {
    if (protocol < 2 || protocol > 5) throw this.#broken(`is written in pickle protocol ${protocol}, which torch.save does not use`);
  }

  #broken(what: string): OnnxLensError {
    return new OnnxLensError('NOT_CHECKPOINT', `${this.#origin} is no checkpoint of PyTorch, or damaged: its pickle ${what}.`);
  }

  #refused(what: string): OnnxLensError {
    return new OnnxLensError(
      'UNSAFE_PICKLE',
      `${this.#origin} ${what}; it is refused, since a pickle can run code. Save only the weights (torch.save(model.state_dict(), FILE)).`,
    );
  }

  #tooLarge(): OnnxLensError {
    return new OnnxLensError(
      'NOT_CHECKPOINT',
      `${this.#origin} describes more objects than any checkpoint needs (${MAX_OBJECTS} at most are read).`,
    );
  }
}

/** Entries that a call may copy: a pickle can have one big dict copied over and over by a few bytes each time. */
function sizeOfCopy(args: PickleValue): number {
  const first = args instanceof PickleTuple ? args.items[0] : undefined;
  if (first instanceof PickleDict) return first.entries.size;
  return Array.isArray(first) ? first.length : 0;
}
