import { OnnxLensError } from '../../errors.js';
import { callGlobal, globalNamed } from './globals.js';
import { OPCODES, REFUSED } from './opcodes.js';
import { PickleReader } from './pickle-reader.js';
import { readPlain } from './plain-values.js';
import { PickleDict, PickleGlobal, PickleSet, PickleTuple, Placeholder, type PickleValue } from './values.js';

/**
 * Objects that one pickle may make, and opcodes that it may hold. A checkpoint takes some thirty opcodes and two
 * objects a tensor, so this is room for half a million tensors; a bomb ends here instead of in an exhausted memory.
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
 * Reads one pickle without running anything: objects of unknown classes become placeholders; names that only attacks
 * use and opcodes that checkpoints do not need are refused. A stack machine without recursion, so nesting depth costs
 * nothing.
 *
 * @throws OnnxLensError UNSAFE_PICKLE when something is refused, NOT_CHECKPOINT when the bytes are no whole pickle.
 */
export function unpickle(bytes: Uint8Array, start: number, origin: string, persistentLoad: PersistentLoad): Unpickled {
  return new Machine(bytes, start, origin, persistentLoad).run();
}

class Machine {
  readonly #reader: PickleReader;
  readonly #origin: string;
  readonly #persistentLoad: PersistentLoad;
  #objects = 0;
  readonly #stack: (PickleValue | typeof MARK)[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, start: number, origin: string, persistentLoad: PersistentLoad) {
    this.#reader = new PickleReader(bytes, start, (what) => this.#broken(what));
    this.#origin = origin;
    this.#persistentLoad = persistentLoad;
  }

  run(): Unpickled {
    for (let count = 0; count < MAX_OPCODES; count++) {
      const opcode = this.#reader.byte();
      if (opcode === OPCODES.STOP) return { value: this.#pop(), end: this.#reader.at };
      this.#step(opcode);
    }
    throw this.#tooLarge();
  }

  #step(opcode: number): void {
    if (this.#pushPlain(opcode) || this.#container(opcode) || this.#memoize(opcode) || this.#object(opcode)) return;
    if (opcode === OPCODES.PROTO) return this.#checkProtocol(this.#reader.byte());
    if (opcode === OPCODES.FRAME) return void this.#reader.slice(8);
    if (opcode === OPCODES.POP) return void this.#stack.pop();
    if (opcode === OPCODES.POP_MARK) return void this.#popToMark();
    const name = REFUSED[opcode];
    if (name === undefined)
      throw this.#broken(`holds the byte ${opcode} where Python's pickle has no such instruction`);
    throw this.#refused(`uses the instruction ${name}, which torch.save does not write`);
  }

  #pushPlain(opcode: number): boolean {
    const value = readPlain(opcode, this.#reader);
    return value !== undefined && this.#push(value);
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
        return this.#pushObject(new PickleSet());
      case OPCODES.FROZENSET:
        return this.#pushObject(new PickleSet(this.#popToMark()));
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
        return this.#addItems(this.#popToMark());
      default:
        return false;
    }
  }

  #memoize(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.BINPUT:
        return this.#put(this.#reader.byte());
      case OPCODES.LONG_BINPUT:
        return this.#put(this.#reader.uint32());
      case OPCODES.MEMOIZE:
        return this.#put(this.#memo.size);
      case OPCODES.BINGET:
        return this.#get(this.#reader.byte());
      case OPCODES.LONG_BINGET:
        return this.#get(this.#reader.uint32());
      default:
        return false;
    }
  }

  #object(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.GLOBAL:
        return this.#pushObject(this.#global(this.#reader.line(), this.#reader.line()));
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
      case OPCODES.NEWOBJ_EX: {
        this.#pop(); // arguments by keyword
        const args = this.#pop();
        return this.#pushObject(callGlobal(this.#pop(), args, this.#origin));
      }
      case OPCODES.BINPERSID:
        return this.#pushObject(this.#persistentLoad(this.#pop()));
      default:
        return false;
    }
  }

  /**
   * BUILD sets attributes. Those of tensors and dicts (a state_dict's `_metadata`) are dropped; a placeholder keeps
   * them.
   */
  #build(): boolean {
    const state = this.#pop();
    const target = this.#top();
    if (target instanceof Placeholder) target.state = state;
    const mayHaveAttributes = typeof target === 'object' && target !== null && !ArrayBuffer.isView(target);
    if (mayHaveAttributes) return true;
    throw this.#broken('sets attributes of something that has none');
  }

  #global(module: PickleValue, name: PickleValue): PickleGlobal {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#broken('names something by no name');
    return globalNamed(module, name, this.#origin);
  }

  #tuple(length: number): boolean {
    const items = Array.from({ length }, () => this.#pop()).reverse();
    return this.#pushObject(new PickleTuple(items));
  }

  #append(items: readonly PickleValue[]): boolean {
    const list = this.#top();
    if (list instanceof Placeholder) return true; // a subclass of list, or a deque
    if (!Array.isArray(list)) throw this.#broken('appends to something that is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #setItems(items: readonly PickleValue[]): boolean {
    const target = this.#top();
    const dict = target instanceof Placeholder ? (target.items ??= new PickleDict()) : target;
    if (!(dict instanceof PickleDict) || items.length % 2 !== 0)
      throw this.#broken('sets items of something that is no dict');
    for (let place = 0; place < items.length; place += 2) {
      dict.entries.set(items[place] as PickleValue, items[place + 1] as PickleValue); // the length is even
    }
    return true;
  }

  #addItems(items: readonly PickleValue[]): boolean {
    const set = this.#top();
    if (set instanceof Placeholder) return true;
    if (!(set instanceof PickleSet)) throw this.#broken('adds items to something that is no set');
    for (const item of items) set.items.add(item);
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

  #checkProtocol(protocol: number): void {
    if (protocol < 2 || protocol > 5)
      throw this.#broken(`is written in pickle protocol ${protocol}, which torch.save does not use`);
  }

  #broken(what: string): OnnxLensError {
    return new OnnxLensError(
      'NOT_CHECKPOINT',
      `${this.#origin} is no checkpoint of PyTorch, or damaged: its pickle ${what}.`,
    );
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
