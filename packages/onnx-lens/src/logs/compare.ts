import type { CoverageResult, NodeVerdict } from '../coverage/result.js';
import { OnnxLensError } from '../errors.js';
import type { LogReport, LogSession, LoggedCapability } from './facts.js';

/** One figure, predicted and logged. */
export interface ComparedFigure {
  readonly what: 'nodes' | 'supported' | 'cpu' | 'coverage' | 'partitions';
  readonly predicted: number;
  /** Null where the log does not say. */
  readonly logged: number | null;
}

/** A node on which prediction and log differ. */
export interface ComparedNode {
  /** Place in the predicted graph. */
  readonly index: number;
  readonly name: string;
  readonly opType: string;
  readonly predicted: boolean;
  readonly logged: boolean;
  readonly predictedReason: string | null;
  readonly loggedReasons: readonly string[];
  /** 1-based line of the log. */
  readonly line: number;
}

/** A node that stands on one side only. */
export interface LoneNode {
  readonly name: string;
  readonly opType: string;
}

/** A prediction compared with a log. */
export interface LogComparison {
  /** Path of the log as the caller gave it. */
  readonly log: string;
  /** 1-based number of the session that was compared, and how many the log holds. */
  readonly session: number;
  readonly sessions: number;
  readonly line: number;
  readonly figures: readonly ComparedFigure[];
  /** Null when the log names no nodes. */
  readonly nodes: {
    /** `verdicts`: the provider's own answers; `placements`: where nodes were at the end, after later optimizers. */
    readonly basis: 'verdicts' | 'placements';
    readonly compared: number;
    readonly differing: readonly ComparedNode[];
    readonly onlyPredicted: readonly LoneNode[];
    readonly onlyLogged: readonly LoneNode[];
  } | null;
  /** True when every figure and every node that the log holds is as predicted. */
  readonly agrees: boolean;
  /** The outcome in one or two sentences. */
  readonly statement: string;
}

interface LoggedNode extends LoneNode {
  readonly supported: boolean;
  readonly reasons: readonly string[];
  readonly line: number;
}

interface Candidate {
  readonly session: LogSession;
  readonly number: number;
  readonly capability: LoggedCapability | null;
  readonly nodes: readonly LoggedNode[];
}

/** The names under which providers call themselves in summaries and in placements. */
const NAMES = {
  coreml: { summary: 'CoreML', placement: 'CoreMLExecutionProvider' },
  xnnpack: { summary: 'XNNPACK', placement: 'XnnpackExecutionProvider' },
  nnapi: { summary: 'NNAPI', placement: 'NnapiExecutionProvider' },
  webnn: { summary: 'WebNN', placement: 'WebNNExecutionProvider' },
} as const;

/**
 * Holds a prediction against what a log says of the same model: the figures, and the nodes where the log names them. Of
 * several sessions the one is taken that is most like the prediction.
 *
 * @param origin how to call the log in messages.
 * @throws OnnxLensError LOG_UNREADABLE when the log says nothing of the provider.
 *
 * @example
 * const result = await analyseCoverage('model.onnx', { fix: { batch: 1 } });
 * const { agrees } = compareWithLog(result, parseLog(readFileSync('ort.log', 'utf8')), 'ort.log');
 * agrees; // true
 */
export function compareWithLog(result: CoverageResult, report: LogReport, origin: string): LogComparison {
  const names = NAMES[result.target.provider];
  const candidates = report.sessions.flatMap((session, place) => candidatesOf(session, place + 1, names));
  const best = [...candidates].sort((a, b) => distance(result, a) - distance(result, b))[0];
  if (best === undefined) {
    throw new OnnxLensError(
      'LOG_UNREADABLE',
      `${origin} says nothing of what ${names.placement} takes; log at INFO or, for every node, at VERBOSE (log severity level 0), and give that log.`,
    );
  }
  const figures = comparedFigures(result, best.capability);
  const nodes = best.nodes.length === 0 ? null : comparedNodes(result.perNode, best);
  const differing = figures.filter(({ predicted, logged }) => logged !== null && !isSame(predicted, logged));
  const agrees = differing.length === 0 && (nodes === null || nodes.differing.length === 0);
  return {
    log: origin,
    session: best.number,
    sessions: report.sessions.length,
    line: best.capability?.line ?? best.session.firstLine,
    figures,
    nodes,
    agrees,
    statement: statementOf(figures, nodes, agrees),
  };
}

function candidatesOf(session: LogSession, number: number, names: { summary: string; placement: string }): Candidate[] {
  const fromSummaries = session.capabilities
    .filter(({ provider }) => provider === names.summary || provider === 'unknown')
    .map((capability) => ({ session, number, capability, nodes: capability.verdicts }));
  if (fromSummaries.some(({ nodes }) => nodes.length > 0)) return fromSummaries;
  const isMentioned =
    fromSummaries.length > 0 || session.placements.some(({ provider }) => provider === names.placement);
  if (!isMentioned) return [];
  const nodes = session.placements.flatMap(({ provider, list, line }) =>
    list
      .filter((node) => !isFusedNode(node))
      .map((node) => ({ ...node, supported: provider === names.placement, reasons: [], line })),
  );
  return fromSummaries.length === 0
    ? [{ session, number, capability: null, nodes }]
    : fromSummaries.map((each) => ({ ...each, nodes }));
}

/** A partition is one node in placement lists, named after the provider. */
function isFusedNode({ opType, name }: LoneNode): boolean {
  return /ExecutionProvider_/.test(name) || /_(?:CoreML|NNAPI)_/.test(opType);
}

/** How unlike the prediction a session is: first by its nodes' names, then by its figures. */
function distance(result: CoverageResult, { capability, nodes }: Candidate): number {
  const known = new Set(result.perNode.map(keyOf));
  const strangers = nodes.length === 0 ? 0.5 : nodes.filter((node) => !known.has(keyOf(node))).length / nodes.length;
  const away = (predicted: number, logged: number | null | undefined): number =>
    logged === null || logged === undefined ? 1 : Math.abs(predicted - logged) / Math.max(predicted, logged, 1);
  return (
    strangers * 100 +
    away(result.nodes, capability?.nodes) * 10 +
    away(result.supported, capability?.supported) +
    away(result.partitions.length, capability?.partitions) * 0.1
  );
}

function comparedFigures(result: CoverageResult, capability: LoggedCapability | null): ComparedFigure[] {
  const { nodes = null, supported = null, partitions = null } = capability ?? {};
  const isBoth = nodes !== null && supported !== null;
  return [
    { what: 'nodes', predicted: result.nodes, logged: nodes },
    { what: 'supported', predicted: result.supported, logged: supported },
    { what: 'cpu', predicted: result.cpu, logged: isBoth ? nodes - supported : null },
    { what: 'coverage', predicted: result.coverage, logged: isBoth && nodes > 0 ? (100 * supported) / nodes : null },
    { what: 'partitions', predicted: result.partitions.length, logged: partitions },
  ];
}

/** Pairs nodes by operator and name; those that share both, in the order in which they come. */
function comparedNodes(
  predicted: readonly NodeVerdict[],
  { capability, nodes }: Candidate,
): NonNullable<LogComparison['nodes']> {
  const waiting = new Map<string, LoggedNode[]>();
  for (const node of nodes) {
    const key = keyOf(node);
    const same = waiting.get(key);
    if (same === undefined) waiting.set(key, [node]);
    else same.push(node);
  }
  const differing: ComparedNode[] = [];
  const onlyPredicted: LoneNode[] = [];
  let compared = 0;
  for (const node of predicted) {
    const logged = waiting.get(keyOf(node))?.shift();
    if (logged === undefined) {
      onlyPredicted.push({ name: node.name, opType: node.opType });
      continue;
    }
    compared++;
    const isTaken = wasAccepted(node);
    if (isTaken === logged.supported) continue;
    const { index, name, opType, reason } = node;
    const { reasons, line } = logged;
    differing.push({
      index,
      name,
      opType,
      predicted: isTaken,
      logged: logged.supported,
      predictedReason: reason?.text ?? null,
      loggedReasons: reasons,
      line,
    });
  }
  const onlyLogged = [...waiting.values()].flat().map(({ name, opType }) => ({ name, opType }));
  const isByVerdicts = (capability?.verdicts.length ?? 0) > 0;
  // Placements name only what was left outside of partitions: that the rest is not named is as it should be.
  return {
    basis: isByVerdicts ? 'verdicts' : 'placements',
    compared,
    differing,
    onlyPredicted: isByVerdicts ? onlyPredicted : [],
    onlyLogged,
  };
}

/** The provider's answer on the node alone, before groups are formed: a group that is dropped later had a yes. */
function wasAccepted({ supported, reason }: NodeVerdict): boolean {
  return supported || reason?.rule.startsWith('partition.') === true;
}

function keyOf({ opType, name }: LoneNode): string {
  return `${opType}\n${name}`;
}

function isSame(predicted: number, logged: number): boolean {
  return Math.abs(predicted - logged) < 0.05;
}

function statementOf(figures: readonly ComparedFigure[], nodes: LogComparison['nodes'], agrees: boolean): string {
  const known = figures.filter(({ logged }) => logged !== null);
  const nodeWords =
    nodes === null
      ? 'The log names no nodes (it was not written at VERBOSE).'
      : nodes.differing.length === 0
        ? `All ${nodes.compared} nodes that both name have the same verdict.`
        : `${nodes.differing.length} of the ${nodes.compared} nodes that both name have another verdict.`;
  if (agrees) {
    if (known.length === 0) return `The log holds no figures. ${nodeWords}`;
    return `The prediction agrees with the log in ${known.length === figures.length ? 'every figure' : 'every figure that the log holds'}. ${nodeWords}`;
  }
  const [nodeCount] = figures;
  if (nodeCount !== undefined && nodeCount.logged !== null && nodeCount.logged !== nodeCount.predicted) {
    return (
      `The log's graph has ${nodeCount.logged} nodes, the analysed one ${nodeCount.predicted}: it came from another file or from another ` +
      `version's level-1 optimizer (save that version's optimized graph and give it with --assume-optimized). ${nodeWords}`
    );
  }
  const differing = known
    .filter(({ predicted, logged }) => logged !== null && !isSame(predicted, logged))
    .map(({ what }) => what);
  const figureWords =
    differing.length === 0 ? 'The figures agree.' : `The prediction differs from the log in ${differing.join(', ')}.`;
  return `${figureWords} ${nodeWords} Check that format, --ort and --static-shapes-only are those of the run.`;
}
