import { OnnxLensError } from '../../errors.js';
import { GraphBuilder } from '../../model/builder.js';
import type { Tensor } from '../../model/tensors.js';

/** Half floats are widened, weights turned for each operator that reads them: real files stay far below. */
const MOST_TIMES_THE_FILE = 16;
/** What small files may need whatever their size. */
const ALWAYS_ALLOWED = 256 * 2 ** 20;

/**
 * A graph whose constants, and the copies that are made on the way to them, may not outgrow the file that they come
 * from: a small file can name one weight in a hundred thousand operators.
 */
export class BoundedGraph extends GraphBuilder {
  readonly #origin: string;
  #left: number;

  constructor(name: string, origin: string, fileBytes: number) {
    super(name);
    this.#origin = origin;
    this.#left = ALWAYS_ALLOWED + MOST_TIMES_THE_FILE * fileBytes;
  }

  /** @throws OnnxLensError NOT_TFLITE when the file has asked for more than any needs. */
  override constant(hint: string, tensor: Tensor): string {
    this.spend(tensor.data.byteLength);
    return super.constant(hint, tensor);
  }

  /** Counts bytes that are about to be taken. @throws OnnxLensError as {@link constant}. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      throw new OnnxLensError(
        'NOT_TFLITE',
        `${this.#origin} would become many times as large as it is (its operators name the same weights again and again); it is refused.`,
      );
    }
  }
}
