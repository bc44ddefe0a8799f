import { OnnxLensError } from '../errors.js';
import { KERNEL_TIME, NodeTimes } from './node-times.js';
import { TraceEventReader, type TraceEvent } from './trace-events.js';
import type { NodeTime, TimeShare, TraceReport } from './trace-report.js';

/**
 * Adds up ONNX Runtime's profiling JSON (session option `enableProfiling`) by provider, operator and node. Reads traces
 * that were cut off as far as they go.
 *
 * @param text the trace file's text.
 * @param origin how to call it in messages.
 * @throws OnnxLensError TRACE_UNREADABLE when it holds no event of ONNX Runtime.
 *
 * @example
 * const { nodes } = parseTrace(readFileSync('profile.json', 'utf8'));
 * nodes.map((node) => node.opType).sort(); // ['Conv', 'Relu']
 */
export function parseTrace(text: string, origin = 'the trace'): TraceReport {
  const totals = new TraceTotals();
  for (let at = 0; at < text.length; at += STEP) totals.push(text.slice(at, at + STEP));
  return totals.finish(origin);
}

/**
 * Like `parseTrace`, for a trace of any length: memory grows with the number of nodes and inferences, not with the
 * file.
 *
 * @param pieces the trace's text, cut anywhere.
 * @throws OnnxLensError TRACE_UNREADABLE, and whatever `pieces` throws.
 *
 * @example
 * const trace = await readTrace(createReadStream('profile.json', 'utf8'));
 * trace.runsMs.length; // 1
 */
export async function readTrace(pieces: AsyncIterable<string>, origin = 'the trace'): Promise<TraceReport> {
  const totals = new TraceTotals();
  for await (const piece of pieces) totals.push(piece);
  return totals.finish(origin);
}

const STEP = 1 << 20;

/** Takes the events of a trace one by one and keeps the sums. */
class TraceTotals {
  readonly #reader = new TraceEventReader((event) => this.#take(event));
  readonly #nodeTimes = new NodeTimes();
  readonly #runsMs: number[] = [];
  #events = 0;
  #runtimeEvents = 0;
  #loadMs: number | null = null;
  #initializeMs: number | null = null;
  #deviceMicroseconds = 0;

  push(piece: string): void {
    this.#reader.push(piece);
  }

  finish(origin: string): TraceReport {
    this.#reader.finish();
    if (this.#runtimeEvents === 0) {
      throw new OnnxLensError(
        'TRACE_UNREADABLE',
        `${origin} is not a profile of ONNX Runtime: it holds no "Session" or "Node" event. Make one with the session option enableProfiling.`,
      );
    }
    const { complete, unreadable } = this.#reader;
    const { isParallel, late, medianError } = this.#nodeTimes;
    const { nodes, totalMs } = this.#nodeTimes.finish();
    const isWhole = this.#runsMs.length > 0 && !isParallel && complete && late === 0;
    return {
      complete,
      events: this.#events,
      unreadable,
      loadMs: this.#loadMs,
      initializeMs: this.#initializeMs,
      runsMs: this.#runsMs,
      nodesMs: totalMs,
      betweenNodesMs: isWhole ? Math.max(0, sum(this.#runsMs) - totalMs) : null,
      deviceMs: this.#deviceMicroseconds / 1000,
      lateCalls: late,
      medianError,
      ...shares(nodes),
    };
  }

  #take(event: TraceEvent): void {
    const { category, name, duration } = event;
    this.#events++;
    if (name === 'model_run') this.#runsMs.push(duration / 1000);
    switch (category) {
      case 'Session':
        this.#runtimeEvents++;
        if (name.startsWith('model_loading')) this.#loadMs ??= duration / 1000;
        else if (name === 'session_initialization') this.#initializeMs ??= duration / 1000;
        return;
      case 'Node':
        this.#runtimeEvents++;
        if (name.endsWith(KERNEL_TIME)) this.#nodeTimes.take(event);
        return;
      case 'Kernel':
        this.#deviceMicroseconds += duration;
    }
  }
}

function shares(byNode: NodeTime[]): Pick<TraceReport, 'providers' | 'operators' | 'nodes'> {
  const total = (nodes: readonly NodeTime[]): TimeShare & { nodes: number } => ({
    nodes: nodes.length,
    calls: sum(nodes.map(({ calls }) => calls)),
    ms: sum(nodes.map(({ ms }) => ms)),
    share: sum(nodes.map(({ share }) => share)),
  });
  const providers = [...grouped(byNode, ({ provider }) => provider)].map(([provider, nodes]) => ({
    provider,
    ...total(nodes),
  }));
  const operators = [...grouped(byNode, ({ provider, opType }) => `${provider}\n${opType}`).values()].map((nodes) => {
    const { opType, provider } = nodes[0] as NodeTime;
    return { opType, provider, ...total(nodes) };
  });
  const longestFirst = (a: TimeShare, b: TimeShare): number => b.ms - a.ms;
  return {
    providers: providers.sort(longestFirst),
    operators: operators.sort(longestFirst),
    nodes: byNode.sort(longestFirst),
  };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
