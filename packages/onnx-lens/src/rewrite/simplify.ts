import { dirname } from 'node:path';
import { OnnxLensError } from '../errors.js';
import { loadModel } from '../model/load.js';
import { saveModel } from '../model/save.js';
import { optimizeForProvider, type RewriteProgress } from './optimize.js';
import { proveEqual } from './proof.js';

/** How to simplify. */
export interface SimplifyOptions {
  /** Free dimensions to fix, by name. */
  readonly fix?: Readonly<Record<string, number>>;
  /** Told before each step that takes time. */
  readonly onProgress?: (progress: RewriteProgress) => void;
}

/** What `simplifyExactly` did. */
export type Simplification =
  /** The simpler model was written; names of the rewrites that made it. */
  | { readonly kind: 'simplified'; readonly rewrites: readonly string[] }
  /** Nothing was written. `reason`: why a simpler form was not trusted; null where there is none. */
  | { readonly kind: 'as it was'; readonly reason: string | null };

/** Seeded inputs for each batch size: these rewrites are exact, so that a mistake shows at once. */
const SAMPLES = 2;

/**
 * Writes a model with less to do at every start and every run (computed shapes known, constants folded, padding fixed),
 * where it gives the same outputs to the last bit. A model that cannot be read, simplified or run on made-up inputs
 * stays as it was: what opens it next reports what is wrong with it.
 *
 * @param path an .onnx file.
 * @param output where to write the simpler model, its weights inside.
 * @throws OnnxLensError FILE_UNWRITABLE; USAGE for a dimension to fix that the model does not have.
 */
export async function simplifyExactly(
  path: string,
  output: string,
  { fix = {}, onProgress }: SimplifyOptions = {},
): Promise<Simplification> {
  try {
    const { model, isChanged, passes } = await optimizeForProvider(loadModel(path, 'read'), {
      provider: 'cpu',
      fix,
      asLevelOne: false, // opening it makes that form anyway
      name: path,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const rewrites = passes.filter(({ outcome, name }) => outcome === 'kept' && name !== 'fix').map(({ name }) => name);
    if (!isChanged || rewrites.length === 0) return { kind: 'as it was', reason: null };
    saveModel(model, output);
    const { isIdentical } = await proveEqual(path, output, { samples: SAMPLES, dataFolder: dirname(path) });
    return isIdentical
      ? { kind: 'simplified', rewrites }
      : { kind: 'as it was', reason: 'a simpler form does not give the same outputs to the last bit' };
  } catch (cause) {
    if (!(cause instanceof OnnxLensError) || cause.code === 'FILE_UNWRITABLE' || cause.code === 'USAGE') throw cause;
    return { kind: 'as it was', reason: cause.message };
  }
}
