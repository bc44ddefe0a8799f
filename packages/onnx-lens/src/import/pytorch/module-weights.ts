import { OnnxLensError } from '../../errors.js';
import { TensorView } from './storage.js';
import { PickleDict, PickleSet, Placeholder, type PickleValue } from './values.js';

/** No network comes near these; a hostile file may have modules hold each other in ever more ways. */
const MOST_MODULES = 200_000;
const MOST_TENSORS = 500_000;
const MOST_NAME_CHARACTERS = 100_000_000;

/** A saved torch.nn.Module, known by the three dicts that each has among its attributes. */
export interface SavedModule extends Placeholder {
  readonly state: PickleDict;
}

/** True for what was a torch.nn.Module of any class. */
export function isModule(value: PickleValue): value is SavedModule {
  if (!(value instanceof Placeholder) || !(value.state instanceof PickleDict)) return false;
  const { entries } = value.state;
  return ['_parameters', '_buffers', '_modules'].every((key) => dictOf(entries.get(key)) !== null);
}

/**
 * What the module's `state_dict()` would give, read from its attributes; none of its code is there or needed. Names and
 * order are those of torch.nn.Module.state_dict: a module's parameters, its persistent buffers, then its modules.
 * Hooks by which a class changes its state_dict are not known here.
 * @throws OnnxLensError NOT_CHECKPOINT when it holds itself, or more modules than any network has.
 */
export function moduleStateDict(module: SavedModule, origin: string): PickleDict {
  const result = new PickleDict();
  const pending: { readonly module: SavedModule; readonly prefix: string }[] = [{ module, prefix: '' }];
  let [modules, characters] = [0, 0];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { module: current, prefix } = next;
    for (const [name, tensor] of ownTensors(current)) {
      const full = prefix + name;
      characters += full.length;
      result.entries.set(full, tensor);
    }
    const children = [...(dictOf(current.state.entries.get('_modules'))?.entries ?? [])].flatMap(([name, child]) =>
      typeof name === 'string' && isModule(child) ? [{ module: child, prefix: `${prefix}${name}.` }] : [],
    );
    for (const child of children) characters += child.prefix.length;
    modules += 1 + children.length;
    if (modules > MOST_MODULES || result.entries.size > MOST_TENSORS || characters > MOST_NAME_CHARACTERS) {
      throw new OnnxLensError(
        'NOT_CHECKPOINT',
        `${origin} holds a module with more parts than any network has, or one that holds itself. Save only its weights (torch.save(model.state_dict(), FILE)).`,
      );
    }
    pending.push(...children.reverse());
  }
  return result;
}

function* ownTensors({ state: { entries } }: SavedModule): Generator<[string, PickleValue]> {
  const skipped = entries.get('_non_persistent_buffers_set');
  for (const [kind, isSkipped] of [
    ['_parameters', () => false],
    ['_buffers', (name: string) => skipped instanceof PickleSet && skipped.items.has(name)],
  ] as const) {
    for (const [name, value] of dictOf(entries.get(kind))?.entries ?? []) {
      const isTensor = value instanceof TensorView || (value instanceof Placeholder && value.isTensor);
      if (typeof name === 'string' && isTensor && !isSkipped(name)) yield [name, value];
    }
  }
}

function dictOf(value: PickleValue | undefined): PickleDict | null {
  if (value instanceof PickleDict) return value;
  return value instanceof Placeholder ? value.items : null;
}
