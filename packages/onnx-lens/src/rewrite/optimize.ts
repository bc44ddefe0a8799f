import { analyseCoverage } from '../coverage/analyse.js';
import type { CoverageResult } from '../coverage/result.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import type { CoreMlFormat, OrtVersion, ProviderName } from '../providers/target.js';
import { summarize, type SplitSummary } from './cost.js';
import { rewriteToFixedPoint } from './engine.js';
import { fixDimensions } from './fix-dimensions.js';
import { removeDead } from './passes/dead-nodes.js';
import { selectRewrites } from './registry.js';
import type { AnyRewrite } from './rewrite.js';
import { Workbench } from './workbench.js';

/** Settings of {@link optimizeForProvider}. */
export interface RewriteOptions {
  /** Whose coverage decides; 'cpu' applies only what makes less work everywhere. Default 'coreml'. */
  readonly provider?: ProviderName | 'cpu';
  /** Core ML only; default 'mlprogram'. */
  readonly format?: CoreMlFormat;
  /** Whose rules; default those of the installed ONNX Runtime. */
  readonly ort?: OrtVersion;
  /** Free dimensions to fix, by name, or `input[axis]` for one without a name. */
  readonly fix?: Readonly<Record<string, number>>;
  /** Names of the rewrites to apply, or with "-" in front to leave out; all when left out. */
  readonly passes?: readonly string[];
  /** Rewrites to apply in place of those of the registry. */
  readonly rewrites?: readonly AnyRewrite[];
  /** How to call the model. */
  readonly name?: string;
}

/** What one rewrite did and whether it stayed. */
export interface PassRow {
  readonly name: string;
  readonly summary: string;
  /** Places in the graph that it changed. */
  readonly changed: number;
  readonly before: SplitSummary;
  readonly after: SplitSummary;
  /** `dropped`: the whole is at least as good without it. `refused`: ONNX Runtime did not take what it made. */
  readonly outcome: 'kept' | 'dropped' | 'refused';
  /** Why it was dropped or refused, in words. */
  readonly reason: string | null;
}

/** A model, rewritten as far as that helps. */
export interface RewrittenModel {
  /** The result; the very model that was given when nothing helped and no dimension was fixed. */
  readonly model: ModelProto;
  /** False when nothing helped. */
  readonly isChanged: boolean;
  readonly passes: readonly PassRow[];
  /** Coverage of the model as given. */
  readonly before: CoverageResult;
  /** Coverage of the result. */
  readonly after: CoverageResult;
}

/**
 * Rewrites a model so that a provider takes more of it in fewer parts.
 *
 * Rewrites are tried one after the other, each with all that were kept before it to a fixed point; then every rewrite
 * that is there for the provider is left out in turn, and stays out where the whole is no worse without it. What "worse"
 * means is {@link summarize}'s cost, from the coverage analysis. The result is not proven here: see `proveEqual`.
 *
 * @throws OnnxLensError USAGE, NOT_ONNX, RUNTIME_REFUSED and what the coverage analysis throws.
 */
export async function optimizeForProvider(model: ModelProto, options: RewriteOptions = {}): Promise<RewrittenModel> {
  const judge = new Judge(options);
  const before = await judge.analyse(model);
  const fixed = fixDimensions(model, options.fix ?? {});
  const isFixed = fixed !== model;
  const start = { model: fixed, coverage: isFixed ? await judge.analyse(fixed) : before };
  const rows: PassRow[] = isFixed ? [fixRow(options.fix ?? {}, before, start.coverage)] : [];
  const wanted = (options.rewrites ?? selectRewrites(options.passes)).filter((rewrite) => options.provider !== 'cpu' || rewrite.purpose === 'simplify');
  const forward = await applyInTurn(start, wanted, judge, rows);
  const best = await leaveOutUseless(start, forward, judge, rows);
  const helps = isBetter(summarize(best.coverage), summarize(start.coverage));
  if (!helps) {
    return { model: fixed, isChanged: isFixed, passes: rows.map((row) => withoutGain(row, isFixed)), before, after: start.coverage };
  }
  return { model: best.model, isChanged: true, passes: rows, before, after: best.coverage };
}

/** A form of the model and what the provider makes of it. */
interface Candidate {
  readonly model: ModelProto;
  readonly coverage: CoverageResult;
}

/** A candidate and the rewrites that made it. */
interface Applied extends Candidate {
  readonly rewrites: readonly AnyRewrite[];
}

class Judge {
  readonly #options: RewriteOptions;

  constructor(options: RewriteOptions) {
    this.#options = options;
  }

  analyse(model: ModelProto): Promise<CoverageResult> {
    const { provider = 'coreml', format = 'mlprogram', ort, name } = this.#options;
    // For the CPU the analysis only counts nodes; any provider's will do.
    const accelerator = provider === 'cpu' ? 'coreml' : provider;
    return analyseCoverage(model, {
      provider: accelerator,
      ...(accelerator === 'coreml' ? { format } : {}),
      ...(ort === undefined ? {} : { ort }),
      ...(name === undefined ? {} : { name }),
      compareVariants: false,
    });
  }
}

async function applyInTurn(start: Candidate, rewrites: readonly AnyRewrite[], judge: Judge, rows: PassRow[]): Promise<Applied> {
  let current: Applied = { ...start, rewrites: [] };
  for (const rewrite of rewrites) {
    const before = summarize(current.coverage);
    // A rewrite that finds nothing yet stays in: what comes after may make its pattern.
    const tried = [...current.rewrites, rewrite];
    try {
      const bench = await Workbench.open(current.model);
      const counts = await rewriteToFixedPoint(bench, tried, removeDead);
      if (counts.size === 0) {
        current = { ...current, rewrites: tried };
        continue;
      }
      const coverage = await judge.analyse(bench.model);
      // Places that an earlier rewrite found only now count in its row; the figures are those of the rewrite whose turn it is.
      for (const each of tried) addPlaces(rows, each, counts.get(each.name) ?? 0, before, each === rewrite ? summarize(coverage) : before);
      current = { model: bench.model, coverage, rewrites: tried };
    } catch (error) {
      // A rewrite that makes what ONNX Runtime does not take must not spoil the others; the row says so.
      const reason = error instanceof Error ? error.message : String(error);
      rows.push({ ...describe(rewrite), changed: 0, before, after: before, outcome: 'refused', reason });
    }
  }
  return current;
}

function addPlaces(rows: PassRow[], rewrite: AnyRewrite, changed: number, before: SplitSummary, after: SplitSummary): void {
  if (changed === 0) return;
  const place = rows.findIndex((row) => row.name === rewrite.name);
  const row = rows[place];
  if (row === undefined) rows.push({ ...describe(rewrite), changed, before, after, outcome: 'kept', reason: null });
  else rows[place] = { ...row, changed: row.changed + changed };
}

/** Leaves out, from the last to the first, each rewrite for the provider without which the whole is no worse. */
async function leaveOutUseless(start: Candidate, applied: Applied, judge: Judge, rows: PassRow[]): Promise<Applied> {
  let best = applied;
  for (const rewrite of applied.rewrites.toReversed()) {
    const hasActed = rows.some((row) => row.name === rewrite.name && row.changed > 0);
    if (rewrite.purpose !== 'provider' || !hasActed) continue;
    const rest = best.rewrites.filter((each) => each !== rewrite);
    const bench = await Workbench.open(start.model);
    await rewriteToFixedPoint(bench, rest, removeDead);
    const coverage = await judge.analyse(bench.model);
    const [without, together] = [summarize(coverage), summarize(best.coverage)];
    if (isWorthKeeping(rewrite, without, together)) continue;
    best = { model: bench.model, coverage, rewrites: rest };
    const place = rows.findIndex((row) => row.name === rewrite.name && row.outcome === 'kept');
    const row = rows[place];
    if (row !== undefined) rows[place] = { ...row, outcome: 'dropped', reason: lossOf(without, together) };
  }
  return best;
}

function isWorthKeeping({ rounds }: AnyRewrite, without: SplitSummary, together: SplitSummary): boolean {
  const placesMore = together.partitions < without.partitions || together.onCpu < without.onCpu;
  return together.cost < without.cost && (rounds !== true || placesMore);
}

function lossOf(without: SplitSummary, together: SplitSummary): string {
  if (together.cost < without.cost) return 'rounds otherwise, and places no more nodes: the whole is as well placed without it';
  if (without.cost === together.cost) return 'brings nothing: the whole is as good without it';
  const figures = (split: SplitSummary): string => `${split.partitions} partitions, ${split.onCpu} of ${split.nodes} nodes on the CPU`;
  return `costs more than it brings: ${figures(without)} without it, ${figures(together)} with it`;
}

function isBetter(after: SplitSummary, before: SplitSummary): boolean {
  return after.cost < before.cost;
}

function describe({ name, summary }: AnyRewrite): Pick<PassRow, 'name' | 'summary'> {
  return { name, summary };
}

function fixRow(fix: Readonly<Record<string, number>>, before: CoverageResult, after: CoverageResult): PassRow {
  const sizes = Object.entries(fix).map(([name, size]) => `${name}=${size}`);
  return {
    name: 'fix',
    summary: `fixes ${sizes.join(', ')}`,
    changed: sizes.length,
    before: summarize(before),
    after: summarize(after),
    outcome: 'kept',
    reason: null,
  };
}

function withoutGain(row: PassRow, isFixed: boolean): PassRow {
  if (row.outcome !== 'kept' || (isFixed && row.name === 'fix')) return row;
  return { ...row, outcome: 'dropped', reason: 'brings nothing: what ONNX Runtime makes of the model is no better for it' };
}
