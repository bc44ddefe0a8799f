/** The names that a graph has given away, and new ones beside them. */
export class Names {
  readonly #taken = new Set<string>();
  /** The suffix to try next, by hint: a graph may ask ten thousand times for a name like `const`. */
  readonly #next = new Map<string, number>();

  /** Notes that a name is in use. */
  take(name: string): void {
    this.#taken.add(name);
  }

  /** The hint, or the hint with the first free number behind it; taken from now on. */
  fresh(hint: string): string {
    let suffix = this.#next.get(hint) ?? 0;
    let name = suffix === 0 ? hint : `${hint}_${suffix}`;
    while (this.#taken.has(name)) name = `${hint}_${++suffix}`;
    this.#next.set(hint, suffix);
    this.#taken.add(name);
    return name;
  }
}
