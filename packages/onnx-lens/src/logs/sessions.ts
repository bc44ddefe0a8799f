import type {
  LogNotice,
  LogReport,
  LogSession,
  LoggedCapability,
  LoggedEstimate,
  LoggedPlacement,
  LoggedVerdict,
} from './facts.js';
import { logLines, type LogLine } from './lines.js';
import { isCutOff, readFailure, readLabel, readMessage, type Message, type NodeLabel } from './messages.js';

/** How many lines a broken message may run over. */
const LONGEST_MESSAGE = 6;
/** Refusals are explained just before they are logged; more than this is talk of something else. */
const MOST_REASONS = 8;
/** Providers that ONNX Runtime asks a second time after it has changed the graph's layout for them. */
const ASKED_TWICE: ReadonlySet<string> = new Set(['NNAPI', 'QNN', 'VSINPU']);

/**
 * Reads what ONNX Runtime's log lines tell: per session what each provider takes, node by node where the log is
 * VERBOSE, where nodes were placed, and what was warned of.
 *
 * Understands plain logs and those that other loggers wrapped (prefixes, JSON, Android, Rust's tracing, docker
 * compose), colour codes, and messages broken over several lines. A log without any such line gives no sessions.
 *
 * @param log the text of the log; any text is safe.
 *
 * @example
 * const { sessions } = parseLog(readFileSync('ort.log', 'utf8'));
 * sessions[0]?.capabilities[0]?.partitions; // 1
 */
export function parseLog(log: string): LogReport {
  const streams = new Map<string, StreamReader>();
  let runtimeLines = 0;
  for (const line of logLines(log)) {
    let reader = streams.get(line.stream);
    if (reader === undefined) streams.set(line.stream, (reader = new StreamReader()));
    if (reader.take(line)) runtimeLines++;
  }
  const sessions = [...streams.values()].flatMap((reader) => reader.finish());
  return {
    lines: log.split('\n').length - (log === '' || log.endsWith('\n') ? 1 : 0),
    runtimeLines,
    sessions: sessions.sort((a, b) => a.firstLine - b.firstLine),
  };
}

/** Reads one process's lines: puts broken messages together and deals them out to sessions by their log id. */
class StreamReader {
  readonly #sessions: SessionBuilder[] = [];
  /** The session that each log id speaks of now. */
  readonly #current = new Map<string, SessionBuilder>();
  readonly #marksStarts = new Set<string>();
  #latest: SessionBuilder | undefined;
  #pending: { line: LogLine; text: string; parts: number } | undefined;
  #lastHeader: LogLine['header'] = null;

  /** True when the line is ONNX Runtime's. */
  take(line: LogLine): boolean {
    const header = line.header ?? this.#lastHeader;
    if (line.header !== null) this.#lastHeader = line.header;
    const isContinuation = line.header === null && (this.#pending?.text === '' || readMessage(line.text) === null);
    if (this.#pending !== undefined && isContinuation) {
      this.#pending.text = joined(this.#pending.text, line.text.trim());
      if (++this.#pending.parts >= LONGEST_MESSAGE || !isCutOff(this.#pending.text)) this.#flush();
      return true;
    }
    this.#flush();
    if (isCutOff(line.text)) {
      this.#pending = { line: { ...line, header }, text: line.text.trim(), parts: 1 };
      return true;
    }
    return this.#deal({ ...line, header }, line.text, line.header !== null);
  }

  finish(): LogSession[] {
    this.#flush();
    return this.#sessions.map((session) => session.finish()).filter((session) => session !== null);
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) this.#deal(pending.line, pending.text, true);
  }

  #deal(line: LogLine, text: string, ownHeader: boolean): boolean {
    const message = readMessage(text);
    if (message === null) {
      const label = readLabel(text);
      if (label !== null && this.#latest?.takeLabel(label, line, ownHeader) === true) return true;
      if (ownHeader && line.header !== null) {
        this.#session(line).takeTalk(line, text);
        return true;
      }
      const failure = readFailure(text);
      if (failure !== null) this.#session(line).takeFailure(failure, line);
      return failure !== null;
    }
    this.#session(line, message).takeMessage(message, line);
    return true;
  }

  /** The session that a line speaks of; starts one where the message can only belong to the next. */
  #session(line: LogLine, message?: Message): SessionBuilder {
    const id = line.header?.logger ?? '';
    const isDefaultLogger = id === '' || id === 'Default';
    let session = isDefaultLogger && this.#latest !== undefined ? this.#latest : this.#current.get(id);
    // A provider may speak through the default logger before the session speaks under its own name.
    if (session === undefined && this.#latest?.isUnnamed === true) {
      session = this.#latest;
      session.logger = id;
    }
    if (message?.kind === 'session-start') this.#marksStarts.add(id);
    const isNext =
      session !== undefined &&
      message !== undefined &&
      session.isOverBefore(message, this.#marksStarts.has(session.logger));
    if (session === undefined || isNext) {
      session = new SessionBuilder(isDefaultLogger ? '' : id, line.number);
      this.#sessions.push(session);
    }
    this.#current.set(id, session);
    this.#latest = session;
    return session;
  }
}

/** Gathers the facts of one session. */
class SessionBuilder {
  logger: string;
  readonly #firstLine: number;
  #lastLine: number;
  readonly #capabilities: LoggedCapability[] = [];
  readonly #placements: { provider: string; nodes: number | null; all: boolean; list: NodeLabel[]; line: number }[] =
    [];
  readonly #notices: LogNotice[] = [];
  readonly #estimates: LoggedEstimate[] = [];
  #shapesFixed = false;
  #verdicts: LoggedVerdict[] = [];
  #reasons: string[] = [];
  #verdictFile = '';

  constructor(logger: string, line: number) {
    this.logger = logger;
    this.#firstLine = this.#lastLine = line;
  }

  get isUnnamed(): boolean {
    return this.logger === '' && this.#placements.length === 0;
  }

  /** True when `message` can only be of a later session than this one. */
  isOverBefore(message: Message, startsAreMarked: boolean): boolean {
    if (message.kind === 'session-start' || message.kind === 'check-start') return this.#hasAnswers;
    if (startsAreMarked) return false;
    if (message.kind !== 'verdict' && message.kind !== 'capability') return false;
    if (this.#placements.length > 0 || this.#notices.some((notice) => notice.kind === 'not-preferred')) return true;
    if (message.kind === 'verdict') return this.#verdicts.length === 0 && this.#wasAnswered(1, null);
    return this.#wasAnswered(1, message.provider);
  }

  /** True when a provider (any for null) has given all the answers that one session asks of it. */
  #wasAnswered(least: number, provider: string | null): boolean {
    const answers = this.#capabilities.filter((each) => provider === null || each.provider === provider);
    const last = answers.at(-1);
    if (last === undefined) return false;
    return answers.length >= (ASKED_TWICE.has(last.provider) ? least + 1 : least);
  }

  /** Warnings alone may be of what comes before a session's first line. */
  get #hasAnswers(): boolean {
    const { length } = this.#estimates;
    return this.#capabilities.length + this.#placements.length + this.#verdicts.length + length > 0;
  }

  takeMessage(message: Message, { number: line, header }: LogLine): void {
    this.#lastLine = line;
    switch (message.kind) {
      case 'session-start':
      case 'verbose-hint':
      case 'check-start':
        return;
      case 'check-fixed':
        this.#shapesFixed = true;
        return;
      case 'estimate':
        this.#estimates.push(estimate(message, this.#shapesFixed, line));
        this.#shapesFixed = false;
        return;
      case 'estimate-detail': {
        const last = this.#estimates.pop();
        if (last !== undefined) this.#estimates.push({ ...last, ...message.detail });
        return;
      }
      case 'verdict': {
        const { index, name, opType, supported } = message;
        this.#verdicts.push({ index, name, opType, supported, reasons: supported ? [] : this.#reasons, line });
        this.#reasons = [];
        this.#verdictFile = header?.file ?? '';
        return;
      }
      case 'capability':
        this.#capabilities.push(capability(message, this.#verdicts, line));
        this.#verdicts = [];
        this.#reasons = [];
        return;
      case 'placement': {
        const { provider, nodes, all, list } = message;
        this.#placements.push({ provider, nodes, all, list: [...list], line });
        return;
      }
      default:
        this.#notices.push({ ...message, line });
    }
  }

  /** Takes a line of a placement list; false when no list is open. */
  takeLabel(label: NodeLabel, line: LogLine, ownHeader: boolean): boolean {
    const open = this.#placements.at(-1);
    if (open === undefined || (open.nodes !== null && open.list.length >= open.nodes)) return false;
    if (ownHeader && !/VerifyEachNodeIsAssignedToAnEp|TransformGraph/.test(line.header?.function ?? '')) return false;
    open.list.push(label);
    this.#lastLine = line.number;
    return true;
  }

  /** Takes a line that is no known message: perhaps the reason of the refusal that follows, or a warning. */
  takeTalk({ number: line, header }: LogLine, text: string): void {
    if (header === null || text.trim() === '') return;
    const told = text.trim();
    if (/builder|helper\.cc|shape_utils|_execution_provider\.cc/.test(header.file) && !/was added$/.test(told)) {
      this.#reasons = [...this.#reasons, told].slice(-MOST_REASONS);
    }
    const { severity } = header;
    if (severity === 'VERBOSE' || severity === 'INFO') return;
    this.#lastLine = line;
    this.#notices.push({ kind: 'message', severity, where: header.file, text: told, line });
  }

  takeFailure({ where, text }: { where: string; text: string }, { number: line }: LogLine): void {
    this.#lastLine = line;
    this.#notices.push({ kind: 'message', severity: 'ERROR', where, text, line });
  }

  finish(): LogSession | null {
    if (this.#verdicts.length > 0) {
      const provider = /^(\w+)_execution_provider\.cc$/.exec(this.#verdictFile)?.[1]?.toUpperCase() ?? 'unknown';
      const line = this.#verdicts[0]?.line ?? this.#firstLine;
      this.#capabilities.push(
        capability({ provider, partitions: null, nodes: null, supported: null }, this.#verdicts, line),
      );
      this.#verdicts = [];
    }
    if (!this.#hasAnswers && this.#notices.length === 0) return null;
    return {
      logger: this.logger,
      firstLine: this.#firstLine,
      lastLine: this.#lastLine,
      capabilities: this.#capabilities,
      placements: this.#placements satisfies LoggedPlacement[],
      estimates: this.#estimates,
      notices: this.#notices,
    };
  }
}

function capability(
  { provider, partitions, nodes, supported }: Omit<LoggedCapability, 'verdicts' | 'line'>,
  verdicts: readonly LoggedVerdict[],
  line: number,
): LoggedCapability {
  return { provider, partitions, nodes, supported, verdicts, line };
}

function estimate(
  { provider, partitions, nodes, supported }: Pick<LoggedEstimate, 'provider' | 'partitions' | 'nodes' | 'supported'>,
  shapesFixed: boolean,
  line: number,
): LoggedEstimate {
  return {
    provider,
    partitions,
    nodes,
    supported,
    shapesFixed,
    partitionSizes: [],
    refusedByOperator: null,
    refusedByDynamicShape: null,
    refusedByRank: null,
    unsupportedOps: [],
    conclusion: null,
    line,
  };
}

function joined(start: string, next: string): string {
  if (start === '') return next;
  const spaced = `${start} ${next}`;
  const tight = `${start}${next}`;
  return isCutOff(spaced) && !isCutOff(tight) ? tight : spaced;
}
