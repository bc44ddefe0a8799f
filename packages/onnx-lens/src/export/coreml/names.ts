import { Names } from '../../model/names.js';

/** Words that MIL keeps for itself. */
const RESERVED =
  'any bool program func tensor list dict tuple true false string bf16 fp16 fp32 fp64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 state'.split(
    ' ',
  );

/** Unique names that MIL takes: a letter or underscore, then letters, digits, underscores and @. */
export class MilNames {
  readonly #names = new Names();

  constructor() {
    for (const word of RESERVED) this.#names.take(word);
  }

  /** A name like the hint: other characters become underscores, "var_" stands before a digit, as coremltools has it. */
  fresh(hint: string): string {
    const safe = hint.replaceAll(/[^A-Za-z0-9_@]/g, '_');
    return this.#names.fresh(safe === '' ? 'value' : /^[0-9@]/.test(safe) ? `var_${safe}` : safe);
  }
}
