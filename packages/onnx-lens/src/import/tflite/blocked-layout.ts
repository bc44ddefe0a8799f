/** Operators whose results ONNX Runtime's CPU provider leaves in blocks of channels whatever they are made of. */
const ENTERING = new Set(['Conv', 'MaxPool', 'AveragePool']);
/** Operators that it runs on such blocks, where all that they take is in them. */
const STAYING = new Set(['Add', 'Mul', 'Sum', 'Concat', 'Relu', 'Clip', 'Sigmoid', 'Tanh']);

/**
 * Which values ONNX Runtime's CPU provider holds in blocks of channels, the layout of its convolutions. Every other
 * operator makes it leave the layout and enter it again, which costs more than most of them do.
 */
export class BlockedLayout {
  readonly #values = new Set<string>();

  /** Takes note of a node that has been added. */
  note(opType: string, inputs: readonly string[], output: string): void {
    if (ENTERING.has(opType) || (STAYING.has(opType) && inputs.every((input) => this.has(input))))
      this.#values.add(output);
  }

  has(value: string): boolean {
    return this.#values.has(value);
  }
}
