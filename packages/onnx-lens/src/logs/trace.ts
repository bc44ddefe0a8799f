import { OnnxLensError } from '../errors.js';

/** Time that one thing took over the whole trace. All times in milliseconds. */
export interface TimeShare {
  /** Time of its own: what the nodes of its subgraphs took is theirs. */
  readonly ms: number;
  /** Fraction of the time of all nodes, 0 to 1. */
  readonly share: number;
  readonly calls: number;
}

/** What ran on one provider, by ONNX Runtime's name for it; `unknown` where the trace does not say. */
export interface ProviderTime extends TimeShare {
  readonly provider: string;
  readonly nodes: number;
}

/** All nodes of one operator on one provider. */
export interface OperatorTime extends TimeShare {
  readonly opType: string;
  readonly provider: string;
  readonly nodes: number;
}

/** One node over all inferences; the least, middle and greatest time are of a single call. */
export interface NodeTime extends TimeShare {
  readonly name: string;
  readonly opType: string;
  readonly provider: string;
  readonly minMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** ONNX Runtime's profile of one session. */
export interface TraceReport {
  /** False when the file ends before its last bracket: the process was killed or is still running. */
  readonly complete: boolean;
  readonly events: number;
  /** Lines that could not be read, the cut last line not counted. */
  readonly unreadable: number;
  /** Milliseconds to load the model and to initialize the session; null when the trace does not say. */
  readonly loadMs: number | null;
  readonly initializeMs: number | null;
  /** Each inference, in order, in milliseconds. */
  readonly runsMs: readonly number[];
  /** Time of all nodes over all inferences. */
  readonly nodesMs: number;
  /** Time within inferences that no node accounts for; null without inferences or where nodes ran side by side. */
  readonly betweenNodesMs: number | null;
  /** Time of kernels on the device itself, where the provider measures it (CUDA, ROCm). */
  readonly deviceMs: number;
  /** Longest first, each. */
  readonly providers: readonly ProviderTime[];
  readonly operators: readonly OperatorTime[];
  readonly nodes: readonly NodeTime[];
}

interface TraceEvent {
  readonly category: string;
  readonly name: string;
  readonly thread: string;
  /** Microseconds. */
  readonly start: number;
  readonly duration: number;
  readonly opType: string;
  readonly provider: string;
}

interface NodeRun {
  readonly event: TraceEvent;
  /** Microseconds without the nodes inside. */
  own: number;
}

const KERNEL_TIME = '_kernel_time';

/**
 * Adds up ONNX Runtime's profiling JSON (session option `enableProfiling`) by provider, operator and node. Reads traces
 * that were cut off as far as they go.
 *
 * @param text the trace file's text.
 * @param origin how to call it in messages.
 * @throws OnnxLensError TRACE_UNREADABLE when it holds no event of ONNX Runtime.
 */
export function parseTrace(text: string, origin = 'the trace'): TraceReport {
  const { events, complete, unreadable } = readEvents(text);
  if (!events.some(({ category }) => category === 'Session' || category === 'Node')) {
    throw new OnnxLensError(
      'TRACE_UNREADABLE',
      `${origin} is not a profile of ONNX Runtime: it holds no "Session" or "Node" event. Make one with the session option enableProfiling.`,
    );
  }
  const runsMs = events.filter(({ name }) => name === 'model_run').map(({ duration }) => duration / 1000);
  const nodeRuns = ownTimes(events.filter(({ category, name }) => category === 'Node' && name.endsWith(KERNEL_TIME)));
  const nodesMs = sum(nodeRuns.map(({ own }) => own)) / 1000;
  const isParallel = new Set(nodeRuns.map(({ event }) => event.thread)).size > 1;
  return {
    complete,
    events: events.length,
    unreadable,
    loadMs: durationOf(events, /^model_loading/),
    initializeMs: durationOf(events, /^session_initialization$/),
    runsMs,
    nodesMs,
    betweenNodesMs: runsMs.length === 0 || isParallel || !complete ? null : Math.max(0, sum(runsMs) - nodesMs),
    deviceMs: sum(events.filter(({ category }) => category === 'Kernel').map(({ duration }) => duration)) / 1000,
    ...shares(nodeRuns, nodesMs),
  };
}

function shares(runs: readonly NodeRun[], nodesMs: number): Pick<TraceReport, 'providers' | 'operators' | 'nodes'> {
  const byNode = [...grouped(runs, ({ event }) => `${event.provider}\n${event.opType}\n${event.name}`).values()].map(
    (all) => {
      const { provider, opType, name } = (all[0] as NodeRun).event; // a group has at least one member
      const times = all.map(({ own }) => own / 1000).sort((a, b) => a - b);
      const median = ((times[(times.length - 1) >> 1] ?? 0) + (times[times.length >> 1] ?? 0)) / 2;
      const ms = sum(times);
      return {
        name: name.slice(0, -KERNEL_TIME.length),
        opType,
        provider,
        minMs: times[0] ?? 0,
        medianMs: median,
        maxMs: times.at(-1) ?? 0,
        ms,
        share: nodesMs === 0 ? 0 : ms / nodesMs,
        calls: all.length,
      };
    },
  );
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

/** Each node's time less that of the nodes within it (If, Loop and Scan hold the time of their bodies too). */
function ownTimes(events: readonly TraceEvent[]): NodeRun[] {
  const runs: NodeRun[] = [];
  for (const thread of grouped(events, ({ thread }) => thread).values()) {
    const open: NodeRun[] = [];
    for (const event of [...thread].sort((a, b) => a.start - b.start || b.duration - a.duration)) {
      while (open.length > 0 && endOf(open.at(-1)) < event.start + event.duration) open.pop();
      const outer = open.at(-1);
      if (outer !== undefined) outer.own = Math.max(0, outer.own - event.duration);
      const run = { event, own: event.duration };
      runs.push(run);
      open.push(run);
    }
  }
  return runs;
}

function endOf(run: NodeRun | undefined): number {
  return run === undefined ? Infinity : run.event.start + run.event.duration;
}

function readEvents(text: string): { events: TraceEvent[]; complete: boolean; unreadable: number } {
  try {
    const whole: unknown = JSON.parse(text);
    const list: unknown = Array.isArray(whole) ? whole : (whole as { traceEvents?: unknown } | null)?.traceEvents;
    return {
      events: Array.isArray(list) ? list.flatMap((each) => eventOf(each) ?? []) : [],
      complete: true,
      unreadable: 0,
    };
  } catch {
    return readLines(text);
  }
}

/** ONNX Runtime writes one event a line, and node names unescaped: what is not JSON as a whole is read line by line. */
function readLines(text: string): { events: TraceEvent[]; complete: boolean; unreadable: number } {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '[');
  const complete = lines.at(-1)?.endsWith(']') === true;
  let unreadable = 0;
  const events = lines.flatMap((line, place) => {
    const body = line.replace(/^\[/, '').replace(/[,\]]+$/, '');
    if (body === '') return [];
    const event = eventOf(parsed(body)) ?? unescapedEvent(body);
    if (event === undefined && (complete || place < lines.length - 1)) unreadable++;
    return event ?? [];
  });
  return { events, complete, unreadable };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function eventOf(value: unknown): TraceEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cat, name, pid, tid, ts, dur, args } = value as Readonly<Record<string, unknown>>;
  if (typeof cat !== 'string' || typeof name !== 'string') return undefined;
  if (typeof ts !== 'number' || typeof dur !== 'number' || !(dur >= 0)) return undefined;
  const details = (typeof args === 'object' && args !== null ? args : {}) as Readonly<Record<string, unknown>>;
  return {
    category: cat,
    name,
    thread: `${numberOrWord(pid)}/${numberOrWord(tid)}`,
    start: ts,
    duration: dur,
    opType: typeof details['op_name'] === 'string' ? details['op_name'] : '',
    provider: typeof details['provider'] === 'string' && details['provider'] !== '' ? details['provider'] : 'unknown',
  };
}

function numberOrWord(value: unknown): number | string {
  return typeof value === 'number' || typeof value === 'string' ? value : '';
}

/** Reads a whole line whose name holds a bare quote or backslash. A cut line has no closing brace and is not read. */
function unescapedEvent(line: string): TraceEvent | undefined {
  if (!line.endsWith('}')) return undefined;
  const name = /"name"\s*:\s*"(.*)"\s*,\s*"args"\s*:/.exec(line)?.[1];
  const number = (key: string): number => Number(new RegExp(`"${key}"\\s*:\\s*(-?\\d{1,15})`).exec(line)?.[1]);
  const word = (key: string): string | undefined => new RegExp(`"${key}"\\s*:\\s*"([^"]*)"`).exec(line)?.[1];
  return eventOf({
    cat: word('cat'),
    name,
    pid: number('pid'),
    tid: number('tid'),
    ts: number('ts'),
    dur: number('dur'),
    args: { op_name: word('op_name'), provider: word('provider') },
  });
}

function durationOf(events: readonly TraceEvent[], name: RegExp): number | null {
  const found = events.find((event) => event.category === 'Session' && name.test(event.name));
  return found === undefined ? null : found.duration / 1000;
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
