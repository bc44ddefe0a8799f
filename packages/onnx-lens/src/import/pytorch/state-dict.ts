import { OnnxLensError } from '../../errors.js';
import { isModule, moduleStateDict } from './module-weights.js';
import { TensorView } from './storage.js';
import { PickleDict, PickleGlobal, Placeholder, type PickleValue } from './values.js';

/** A dict of names to tensors, and the keys that lead to it. */
export interface StateDict {
  readonly key: string;
  readonly dict: PickleDict;
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

/**
 * The file's value when it holds tensors itself, else the one nested dict that does, else the one with the likeliest
 * key. A saved module counts as its state_dict.
 * @throws OnnxLensError NOT_CHECKPOINT when there is none, or no telling which.
 */
export function findStateDict(value: PickleValue, origin: string): StateDict {
  const found = stateDictsIn(value, origin);
  const [first] = found;
  if (first === undefined) {
    throw new OnnxLensError(
      'NOT_CHECKPOINT',
      `${origin} holds no state_dict: no dict in it maps names to tensors.${inWords(value)}`,
    );
  }
  if (first.key === '' || found.length === 1) return first;
  for (const usual of USUAL_KEYS) {
    const match = found.find(({ key }) => key === usual || key.endsWith(`.${usual}`));
    if (match !== undefined) return match;
  }
  const keys = found.map(({ key }) => `"${key}"`).join(', ');
  throw new OnnxLensError('NOT_CHECKPOINT', `${origin} holds several state_dicts (${keys}); say which by its key.`);
}

/** The state_dict to which these keys, joined by dots, lead. @throws OnnxLensError NOT_CHECKPOINT. */
export function stateDictAt(value: PickleValue, key: string, origin: string): StateDict {
  let at: PickleValue | undefined = value;
  for (const part of key === '' ? [] : key.split('.')) at = at === undefined ? at : entriesOf(at)?.entries.get(part);
  const dict = at === undefined ? null : isModule(at) ? moduleStateDict(at, origin) : entriesOf(at);
  if (dict === null || !holdsTensors(dict))
    throw new OnnxLensError('NOT_CHECKPOINT', `${origin} holds no state_dict under the key "${key}".`);
  return { key, dict };
}

function holdsTensors(dict: PickleDict): boolean {
  return [...dict.entries].some(([key, value]) => typeof key === 'string' && isTensor(value));
}

function isTensor(value: PickleValue): boolean {
  return value instanceof TensorView || (value instanceof Placeholder && value.isTensor);
}

/** What a dict, an object of a dict's subclass or an object with attributes holds by name; null for all else. */
function entriesOf(value: PickleValue): PickleDict | null {
  if (value instanceof PickleDict) return value;
  if (!(value instanceof Placeholder)) return null;
  return value.items ?? (value.state instanceof PickleDict ? value.state : null);
}

/** A container of weights may hold a tensor too, beside them: {'model': {…}, 'best_loss': tensor(0.3)}. */
function holdsWeightsByUsualKey(dict: PickleDict): boolean {
  return USUAL_KEYS.some((key) => {
    const child = dict.entries.get(key);
    const entries = child === undefined ? null : entriesOf(child);
    return child !== undefined && (isModule(child) || (entries !== null && holdsTensors(entries)));
  });
}

/** Breadth first, each object once: a hostile file may have dicts hold each other. */
function stateDictsIn(root: PickleValue, origin: string): StateDict[] {
  const found: StateDict[] = [];
  const seen = new Set<PickleValue>([root]);
  let level: { readonly key: string; readonly value: PickleValue }[] = [{ key: '', value: root }];
  for (let depth = 0; depth <= SEARCH_DEPTH && level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { key, value } of level) {
      const dict = isModule(value) ? moduleStateDict(value, origin) : entriesOf(value);
      if (dict === null) continue;
      // An object's own attributes are no state_dict, only what they hold.
      const isObject = value instanceof Placeholder && value.items === null && !isModule(value);
      if (!isObject && holdsTensors(dict) && !holdsWeightsByUsualKey(dict)) {
        found.push({ key, dict });
        continue;
      }
      if (isModule(value)) continue;
      for (const [name, child] of dict.entries) {
        if (typeof name !== 'string' || entriesOf(child) === null || seen.has(child)) continue;
        seen.add(child);
        next.push({ key: key === '' ? name : `${key}.${name}`, value: child });
      }
    }
    level = next;
  }
  return found;
}

function inWords(value: PickleValue): string {
  if (value instanceof Placeholder) return ` Its value is an object of ${value.name}.`;
  return value instanceof PickleGlobal ? ` Its value is ${value.name}.` : '';
}
