import type { CoverageResult } from '../coverage/result.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { messageOf } from '../errors.js';
import { WeightFile } from '../model/weight-file.js';
import type { CoreMlFormat, OrtVersion, ProviderName } from '../providers/target.js';
import type { SplitSummary } from './cost.js';
import { rewriteToFixedPoint, type RewriteCounts } from './engine.js';
import type { InputValues } from './fix-inputs.js';
import { withFixedInputs } from './settle-inputs.js';
import { fixDimensions, freeDimensions } from './fix-dimensions.js';
import { Judge, type Judged } from './judge.js';
import { simplerForm } from './level-one-form.js';
import { fixRow, levelOneRow, withoutGain, type PassRow, type Row } from './pass-rows.js';
import { removeDead } from './passes/dead-nodes.js';
import { selectRewrites } from './registry.js';
import type { AnyRewrite } from './rewrite.js';
import { Workbench } from './workbench.js';
import { isWorthKeeping, lossOf } from './worth.js';

/** Settings of {@link optimizeForProvider}. */
export interface RewriteOptions {
  /** Whose coverage decides; 'cpu' applies only what makes less work everywhere. Default 'coreml'. */
  readonly provider?: ProviderName | 'cpu';
  /** Core ML only; default 'mlprogram'. */
  readonly format?: CoreMlFormat;
  /** One release's rules; default those of every known release together, so that the result lands well on each. */
  readonly ort?: OrtVersion;
  /** Free dimensions to fix, by name, or `input[axis]` for one without a name. */
  readonly fix?: Readonly<Record<string, number>>;
  /** Inputs to replace by constants; what they make known goes with them. */
  readonly fixInputs?: InputValues;
  /** Names of the rewrites to apply, or with "-" in front to leave out; all when left out. */
  readonly passes?: readonly string[];
  /** Rewrites to apply in place of those of the registry. */
  readonly rewrites?: readonly AnyRewrite[];
  /** Whether the result is also written as `levelOneForm` leaves it; by default unless `passes` are given. */
  readonly asLevelOne?: boolean;
  /** How to call the model. */
  readonly name?: string;
  /** Told before each step that takes time; `done` of `total` is a rough share of the work. */
  readonly onProgress?: (progress: RewriteProgress) => void;
}

/** Where {@link optimizeForProvider} is. */
export interface RewriteProgress {
  readonly step: 'trying' | 'leaving out';
  /** Name of the rewrite. */
  readonly rewrite: string;
  readonly done: number;
  readonly total: number;
}

/** What one release of ONNX Runtime makes of the model before and after. */
export interface ReleaseRow {
  readonly ort: OrtVersion;
  readonly before: SplitSummary;
  readonly after: SplitSummary;
}

/** A model, rewritten as far as that helps. */
export interface RewrittenModel {
  /** The result; the very model that was given when nothing helped and no dimension was fixed. */
  readonly model: ModelProto;
  /** False when nothing helped. */
  readonly isChanged: boolean;
  /** Whose coverage decided. */
  readonly provider: ProviderName | 'cpu';
  /**
   * The release whose rules the figures of `passes`, `before` and `after` follow: the one that takes least of the
   * model.
   */
  readonly ort: OrtVersion;
  readonly passes: readonly PassRow[];
  /** Every release that had a say, oldest first. */
  readonly releases: readonly ReleaseRow[];
  /** Dimensions of the result's inputs that are still free. */
  readonly freeDimensions: readonly string[];
  /** Coverage of the model as given. */
  readonly before: CoverageResult;
  /** Coverage of the result; where free dimensions and CPU nodes remain, with the variant of fixed shapes. */
  readonly after: CoverageResult;
}

/**
 * Rewrites a model so that a provider takes more of it in fewer parts.
 *
 * Rewrites are tried one after the other, each with all that were kept before it to a fixed point; then every rewrite
 * that is there for the provider is left out in turn, and stays out where the whole is no worse without it. What
 * "worse" means is `costOf`, over the rules of every release. The result is not proven here: see `proveEqual`.
 *
 * @throws OnnxLensError USAGE, NOT_ONNX, RUNTIME_REFUSED and what the coverage analysis throws.
 *
 * @example
 * const original = loadModel('model.onnx', 'read');
 * const { model, after } = await optimizeForProvider(original, { fix: { batch: 1 } });
 * after.partitions.length; // 1
 * (await proveEqual(fixDimensions(original, { batch: 1 }), model)).holds; // true
 */
export async function optimizeForProvider(model: ModelProto, options: RewriteOptions = {}): Promise<RewrittenModel> {
  const weights = new WeightFile();
  try {
    return await rewriteModel(model, options, weights);
  } finally {
    weights.close();
  }
}

async function rewriteModel(model: ModelProto, options: RewriteOptions, weights: WeightFile): Promise<RewrittenModel> {
  const { provider = 'coreml', format = 'mlprogram', fix = {}, name = 'model' } = options;
  const judge = new Judge({ provider, format, ort: options.ort }, weights, name === 'model' ? 'the model' : name);
  const original = await judge.look(model);
  const fixed = await withFixedInputs(fixDimensions(model, fix), options.fixInputs ?? {});
  const isFixed = fixed !== model;
  const start = isFixed ? await judge.look(fixed) : original;
  const ort = judge.hardest(start);
  const rows: Row[] = isFixed ? [fixRow({ ...fix, ...options.fixInputs }, original, start)] : [];
  const wanted = (options.rewrites ?? selectRewrites(options.passes)).filter(
    (rewrite) => provider !== 'cpu' || rewrite.purpose === 'simplify',
  );
  const trail = await applyInTurn(start, wanted, judge, rows, options);
  const best = await leaveOutUseless(trail, judge, rows, ort, options);
  const helps = judge.cost(best) < judge.cost(start);
  const rewritten = helps ? best : start;
  const simple = (options.asLevelOne ?? options.passes === undefined) ? await simplerForm(rewritten, judge) : undefined;
  const result = simple ?? rewritten;
  const free = freeDimensions(result.model);
  const shown = helps ? [...rows] : rows.map((row) => withoutGain(row, isFixed));
  if (simple !== undefined) shown.push(levelOneRow(rewritten, simple));
  return {
    model: result.model,
    isChanged: helps || isFixed || simple !== undefined,
    provider,
    ort,
    passes: shown.map((row) => ({
      ...row,
      before: judge.summary(row.before, ort),
      after: judge.summary(row.after, ort),
    })),
    releases: judge.releases.map((release) => ({
      ort: release,
      before: judge.summary(original, release),
      after: judge.summary(result, release),
    })),
    freeDimensions: free,
    before: await judge.coverage(original, ort, name, false),
    after: await judge.coverage(
      result,
      ort,
      name,
      free.length > 0 && judge.summary(result, ort).onCpu > 0 && provider !== 'cpu',
    ),
  };
}

/** A form of the model, the rewrites that made it, and the forms before each of them. */
interface Trail extends Judged {
  readonly rewrites: readonly AnyRewrite[];
  readonly before: ReadonlyMap<AnyRewrite, Judged>;
}

async function applyInTurn(
  start: Judged,
  rewrites: readonly AnyRewrite[],
  judge: Judge,
  rows: Row[],
  { onProgress }: RewriteOptions,
): Promise<Trail> {
  let current = start;
  let tried: readonly AnyRewrite[] = [];
  const before = new Map<AnyRewrite, Judged>();
  let bench = await Workbench.open(start.model);
  for (const [done, rewrite] of rewrites.entries()) {
    onProgress?.({ step: 'trying', rewrite: rewrite.name, done, total: 2 * rewrites.length });
    const previous = current;
    before.set(rewrite, previous);
    // A rewrite that finds nothing yet stays in: what comes after may make its pattern.
    const together = [...tried, rewrite];
    try {
      const counts = await rewriteAnew(bench, rewrite, together);
      tried = together;
      if (counts.size === 0) continue;
      current = await judge.look(bench.snapshot());
      // Places that an earlier rewrite found only now count in its row; the figures are those of the rewrite whose turn
      // it is.
      for (const each of together)
        addPlaces(rows, each, counts.get(each.name) ?? 0, previous, each === rewrite ? current : previous);
    } catch (error) {
      // A rewrite that makes what ONNX Runtime does not take must not spoil the others; the row says so.
      rows.push({
        ...describe(rewrite),
        changed: 0,
        before: previous,
        after: previous,
        outcome: 'refused',
        reason: messageOf(error),
      });
      bench = await Workbench.open(previous.model);
    }
  }
  return { ...current, rewrites: tried, before };
}

/**
 * On a bench where all but the new rewrite have found all there is: when that finds nothing either, the others need no
 * look.
 */
async function rewriteAnew(
  bench: Workbench,
  rewrite: AnyRewrite,
  together: readonly AnyRewrite[],
): Promise<RewriteCounts> {
  const own = await rewriteToFixedPoint(bench, [rewrite], removeDead);
  if (own.size === 0) return own;
  const all = await rewriteToFixedPoint(bench, together, removeDead);
  return new Map([...all, [rewrite.name, (own.get(rewrite.name) ?? 0) + (all.get(rewrite.name) ?? 0)]]);
}

function addPlaces(rows: Row[], rewrite: AnyRewrite, changed: number, before: Judged, after: Judged): void {
  if (changed === 0) return;
  const place = rows.findIndex((row) => row.name === rewrite.name);
  const row = rows[place];
  if (row === undefined) rows.push({ ...describe(rewrite), changed, before, after, outcome: 'kept', reason: null });
  else rows[place] = { ...row, changed: row.changed + changed };
}

/** Leaves out, from the last to the first, each rewrite for the provider without which the whole is no worse. */
async function leaveOutUseless(
  trail: Trail,
  judge: Judge,
  rows: Row[],
  ort: OrtVersion,
  { onProgress }: RewriteOptions,
): Promise<Judged> {
  let best: Judged = trail;
  const hasActed = ({ name }: AnyRewrite): boolean => rows.some((row) => row.name === name && row.changed > 0);
  // One that rounds otherwise must not come in the place of an exact one that is left out.
  let rewrites = trail.rewrites.filter((rewrite) => rewrite.rounds !== true || hasActed(rewrite));
  const candidates = rewrites.filter((rewrite) => rewrite.purpose === 'provider' && hasActed(rewrite));
  for (const [done, rewrite] of candidates.toReversed().entries()) {
    onProgress?.({
      step: 'leaving out',
      rewrite: rewrite.name,
      done: candidates.length + done,
      total: 2 * candidates.length,
    });
    const rest = rewrites.filter((each) => each !== rewrite);
    // What stood before this rewrite holds no trace of it, nor of those that were left out already, which come after
    // it.
    const from = trail.before.get(rewrite) ?? trail;
    const bench = await Workbench.open(from.model);
    const counts = await rewriteToFixedPoint(bench, rest, removeDead);
    const without = await judge.look(bench.model);
    if (isWorthKeeping(rewrite, without, best, judge)) continue;
    const reason = lossOf(rewrite, without, best, judge, ort);
    // What it had forestalled comes in its place.
    for (const each of rest) if (!hasActed(each)) addPlaces(rows, each, counts.get(each.name) ?? 0, best, without);
    [best, rewrites] = [without, rest];
    const place = rows.findIndex((row) => row.name === rewrite.name && row.outcome === 'kept');
    const row = rows[place];
    if (row !== undefined) rows[place] = { ...row, outcome: 'dropped', reason };
  }
  return best;
}

function describe({ name, summary }: AnyRewrite): Pick<PassRow, 'name' | 'summary'> {
  return { name, summary };
}
