import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, OnnxLensError } from '../errors.js';
import { writeFileWhole } from '../files.js';
import type { RewriteProgress } from '../rewrite/optimize.js';
import { simplifyExactly, type Simplification } from '../rewrite/simplify.js';
import { runtimeVersion, Session, type SessionOptions } from '../runtime/session.js';
import { alignWeights } from './aligned-weights.js';
import { checkCompiled, hasWeightsInBranches } from './compiled-check.js';
import { checksum, identityOf, stampOf, type FileIdentity } from './file-identity.js';
import { thisMachine, type Machine } from './machine.js';

/**
 * Providers that a model can be compiled for.
 *
 * @example
 * COMPILE_PROVIDERS.includes('cpu'); // true
 */
export const COMPILE_PROVIDERS = ['cpu', 'coreml'] as const;
/** One of {@link COMPILE_PROVIDERS}. */
export type CompileProvider = (typeof COMPILE_PROVIDERS)[number];

/** For whom and in which shapes a model is compiled. */
export interface CompileOptions {
  /** 'cpu' (default): all of ONNX Runtime's optimizations, weights in the kernels' form. 'coreml': the graph that the
   *  Core ML provider is asked about; what Core ML makes of it is compiled when the session is made. */
  readonly provider?: CompileProvider;
  /** Free dimensions to fix, by name. */
  readonly fix?: Readonly<Record<string, number>>;
  /**
   * Default true: what can be known before a run is computed first, where the outputs stay the same to the last bit.
   */
  readonly simplify?: boolean;
  /** Told before each step of simplifying that takes time. */
  readonly onProgress?: (progress: RewriteProgress) => void;
}

/** What a compiled model was made of and for. */
export interface CompileManifest {
  readonly version: 6;
  /** `stamp` is that of the file when its hash was last taken: as long as it stays, the file is not read again. */
  readonly source: FileIdentity;
  readonly ort: string;
  readonly provider: CompileProvider;
  readonly fix: Readonly<Record<string, number>>;
  /** What was done to the graph before ONNX Runtime got it; null when it was not to be touched. */
  readonly simplification: Simplification | null;
  readonly machine: Machine;
  /** File name of the model, beside the manifest. */
  readonly model: string;
  /** The compiled files beside the manifest and their sizes, so that a file cut short is noticed. */
  readonly files: Readonly<Record<string, number>>;
  /** CRC-32 of each of these files: weights that were damaged on the disk would give other numbers without a word. */
  readonly checksums: Readonly<Record<string, number>>;
  /** The stamp of each of these files when its checksum was last taken. */
  readonly stamps: Readonly<Record<string, string>>;
}

/** A compiled model on disk. Open `modelPath` with optimization 'disabled'. */
export interface CompiledModel {
  readonly modelPath: string;
  readonly manifest: CompileManifest;
}

const MANIFEST = 'manifest.json';
const MODEL = 'model.onnx';
const WEIGHTS = 'weights.bin';
/** Is in the folder only while it is made. */
const SIMPLIFIED = 'simplified.onnx';

/**
 * Compiles a model into a folder: ONNX Runtime's optimized graph, the weights in the form that this machine's kernels
 * read, and a manifest. The graph is simplified before, which ONNX Runtime does not do with shapes that are computed in
 * a run: a session of the exported MTL network opens half as fast again for it. The folder appears whole or not at all,
 * in place of one that was there.
 *
 * @param source path of an .onnx file.
 * @throws OnnxLensError FILE_UNREADABLE, FILE_UNWRITABLE, RUNTIME_REFUSED; USAGE for a dimension to fix that the model
 *   does not have.
 *
 * @example
 * const { modelPath } = await compileModel('model.onnx', 'compiled', { fix: { batch: 1 } });
 * existsSync(modelPath); // true
 */
export async function compileModel(
  source: string,
  folder: string,
  options: CompileOptions = {},
): Promise<CompiledModel> {
  const temporary = `${resolve(folder)}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  const remove = (): void => rmSync(temporary, { recursive: true, force: true });
  // Ctrl-C leaves by way of process.exit, which runs no finally.
  process.once('exit', remove);
  try {
    mkdirSync(temporary, { recursive: true });
    const manifest = await compileInto(temporary, source, options);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
    return { modelPath: join(folder, MODEL), manifest };
  } catch (cause) {
    if (cause instanceof OnnxLensError) throw cause;
    throw new OnnxLensError('FILE_UNWRITABLE', `Cannot write the compiled model to ${folder}: ${messageOf(cause)}.`, {
      cause,
    });
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Writes the compiled files and their manifest into a folder that is there and empty. */
async function compileInto(
  folder: string,
  source: string,
  { provider = 'cpu', fix = {}, simplify = true, onProgress }: CompileOptions,
): Promise<CompileManifest> {
  const identity = identityOf(source);
  const simpler = join(folder, SIMPLIFIED);
  const simplification = simplify
    ? await simplifyExactly(source, simpler, { fix, ...(onProgress === undefined ? {} : { onProgress }) })
    : null;
  const isSimpler = simplification?.kind === 'simplified';
  const form = isSimpler ? simpler : source;
  const options: SessionOptions = {
    origin: source,
    optimization: provider === 'cpu' ? 'all' : 'basic',
    ...(isSimpler ? {} : { dataFolder: resolve(dirname(source)) }),
    ...(Object.keys(fix).length === 0 ? {} : { freeDimensions: fix }),
  };
  const write = async (prepackedWeights: string | undefined): Promise<void> => {
    const session = await Session.open(form, {
      ...options,
      optimizedPath: join(folder, MODEL),
      ...(prepackedWeights === undefined ? {} : { prepackedWeights }),
    });
    await session.close();
    if (existsSync(join(folder, WEIGHTS))) alignWeights(join(folder, MODEL), join(folder, WEIGHTS));
    await checkCompiled(form, options, join(folder, MODEL));
  };
  // ONNX Runtime writes weights of branches (If, Loop) twice beside the model; such a model keeps its weights inside.
  const isApart = provider === 'cpu' && !hasWeightsInBranches(form);
  await write(isApart ? WEIGHTS : undefined).catch(async (cause: unknown) => {
    if (!isApart) throw cause;
    for (const file of [MODEL, WEIGHTS]) rmSync(join(folder, file), { force: true });
    await write(undefined);
  });
  rmSync(simpler, { force: true });
  const paths = [MODEL, WEIGHTS]
    .map((file) => [file, join(folder, file)] as const)
    .filter(([, path]) => existsSync(path));
  const files = Object.fromEntries(paths.map(([file, path]) => [file, statSync(path).size]));
  const checksums = Object.fromEntries(paths.map(([file, path]) => [file, checksum(path)]));
  const stamps = Object.fromEntries(paths.map(([file, path]) => [file, stampOf(path)]));
  const manifest: CompileManifest = {
    version: 6,
    source: identity,
    ort: runtimeVersion(),
    provider,
    fix,
    simplification,
    machine: thisMachine(),
    model: MODEL,
    files,
    checksums,
    stamps,
  };
  writeFileWhole(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/**
 * The compiled model of a folder, if it was made from this very file, by this ONNX Runtime, for this machine, provider
 * and shapes.
 * @throws OnnxLensError MANIFEST_MISMATCH with what does not fit.
 *
 * @example
 * await compileModel('model.onnx', 'ready');
 * loadCompiled('model.onnx', 'ready').manifest.provider; // 'cpu'
 */
export function loadCompiled(source: string, folder: string, options: CompileOptions = {}): CompiledModel {
  const manifest = readManifest(folder);
  const machine = thisMachine();
  const { provider = 'cpu', fix = {}, simplify = true } = options;
  // Hashing a hundred megabytes takes longer than opening what was compiled of them: files that nobody has touched
  // since they were last read whole are not read again.
  const identity = stampOf(source) === manifest.source.stamp ? manifest.source : identityOf(source);
  const wanted: readonly (readonly [what: string, made: string, here: string])[] = [
    ['ONNX Runtime', manifest.ort, runtimeVersion()],
    ['provider', manifest.provider, provider],
    ['shapes', shapesText(manifest.fix), shapesText(fix)],
    ['graph', manifest.simplification === null ? 'as it was' : 'simplified', simplify ? 'simplified' : 'as it was'],
    ['platform', `${manifest.machine.platform}-${manifest.machine.arch}`, `${machine.platform}-${machine.arch}`],
    ['processor', manifest.machine.features, machine.features],
    ['source', manifest.source.sha256, identity.sha256],
  ];
  for (const [what, made, here] of wanted)
    if (made !== here) refuse(folder, `it was made for another ${what} (${made}, here ${here})`);
  const stamps: Record<string, string> = {};
  for (const [file, size] of Object.entries(manifest.files)) {
    const path = join(folder, file);
    if (!existsSync(path) || statSync(path).size !== size)
      refuse(folder, `its file ${file} is missing or has another size`);
    const stamp = stampOf(path);
    if (stamp !== manifest.stamps[file] && checksum(path) !== manifest.checksums[file])
      refuse(folder, `its file ${file} is damaged`);
    stamps[file] = stamp;
  }
  return {
    modelPath: join(folder, MODEL),
    manifest: remember(folder, { ...manifest, source: identity, stamps }, manifest),
  };
}

/**
 * Writes down that files with new stamps (a folder that was copied) are what they were; a cache that cannot be written
 * is hashed each time.
 */
function remember(folder: string, now: CompileManifest, before: CompileManifest): CompileManifest {
  const isKnown =
    now.source.stamp === before.source.stamp &&
    Object.entries(now.stamps).every(([file, stamp]) => stamp === before.stamps[file]);
  if (isKnown) return before;
  try {
    writeFileWhole(join(folder, MANIFEST), `${JSON.stringify(now, null, 2)}\n`);
  } catch (cause) {
    if (!(cause instanceof OnnxLensError)) throw cause;
  }
  return now;
}

/**
 * The compiled model of a folder; made, or made again, when none fits.
 * @returns the model, and why it had to be made (null when it was there).
 *
 * @example
 * await ensureCompiled('model.onnx', 'prepared');
 * const again = await ensureCompiled('model.onnx', 'prepared');
 * again.rebuilt; // null
 */
export async function ensureCompiled(
  source: string,
  folder: string,
  options: CompileOptions = {},
): Promise<CompiledModel & { readonly rebuilt: string | null }> {
  try {
    return { ...loadCompiled(source, folder, options), rebuilt: null };
  } catch (error) {
    if (!(error instanceof OnnxLensError) || error.code !== 'MANIFEST_MISMATCH') throw error;
    return { ...(await compileModel(source, folder, options)), rebuilt: error.message };
  }
}

function readManifest(folder: string): CompileManifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
  } catch {
    refuse(folder, 'it has no readable manifest');
  }
  if (!isManifest(value)) refuse(folder, 'its manifest is of another version');
  return value;
}

/** As far as it is read here. */
function isManifest(value: unknown): value is CompileManifest {
  const { version, source, machine, fix, simplification, files, checksums, stamps, model } = (value ?? {}) as Partial<
    Record<keyof CompileManifest, unknown>
  >;
  const areObjects = [source, machine, fix, files, checksums, stamps].every(
    (each) => typeof each === 'object' && each !== null,
  );
  // Only the two names that are written here are ever opened: a manifest cannot point elsewhere.
  return (
    version === 6 &&
    areObjects &&
    typeof simplification === 'object' &&
    model === MODEL &&
    Object.keys(files as object).every((file) => file === MODEL || file === WEIGHTS)
  );
}

function refuse(folder: string, why: string): never {
  throw new OnnxLensError(
    'MANIFEST_MISMATCH',
    `The compiled model in ${folder} cannot be used: ${why}. Compile the model again.`,
  );
}

function shapesText(fix: Readonly<Record<string, number>>): string {
  return (
    Object.entries(fix)
      .sort()
      .map(([name, size]) => `${name}=${size}`)
      .join(',') || 'free'
  );
}
