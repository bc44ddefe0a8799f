import type { LogSeverity } from './facts.js';

/** One message of a log, freed of what other loggers put around it. */
export interface LogLine {
  /** 1-based line of the file. */
  readonly number: number;
  /** Who speaks where several processes share a log (docker compose's `name |`); '' otherwise. */
  readonly stream: string;
  /** ONNX Runtime's own mark; null for a line that has none (a continuation, or another program's line). */
  readonly header: LogHeader | null;
  /** What follows the mark, or the whole line where there is none. */
  readonly text: string;
}

/** ONNX Runtime's mark, `[W:onnxruntime:id, file.cc:107 function]`, or what wrappers make of it. */
export interface LogHeader {
  readonly severity: LogSeverity;
  readonly logger: string;
  readonly file: string;
  readonly function: string;
}

const SEVERITIES: Readonly<Record<string, LogSeverity>> = {
  V: 'VERBOSE',
  I: 'INFO',
  W: 'WARNING',
  E: 'ERROR',
  F: 'FATAL',
};
// Bounded repeats keep the time linear in whatever is thrown at it.
const HEADER = /\[([VIWEF]):([^:,[\]]{0,100}):([^,[\]]{0,200}), ([^\s\]:]{1,200}):(\d{1,9}) ([^\]]{0,400})\] ?/;
// The `ort` crate's tracing layer: WARN ort{id="x" location="file.cc:113 GetCapability"}: ort::logging: message
const TRACING_HEADER =
  /\bort\{id="([^"]{0,200})" location="([^":]{1,200}):(\d{1,9}) ([^"]{0,400})"\}: ?(?:ort::\w+: ?)?/;
// Without that span the crate's target alone marks the line: ERROR ort::logging: message
const TRACING_TARGET = /\b(TRACE|DEBUG|INFO|WARN|ERROR)\s+ort::[\w:]{1,100}: ?/;
const TRACING_LEVEL = /\b(TRACE|DEBUG|INFO|WARN|ERROR)\s+$/;
// Colour codes as bytes, as the text that escaping loggers make of them, and without the escape that web forms swallow.
const COLOURS =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b|\u241b|\\x1b|\\u001b|\\033|\\e|\^\[|#033)\[[0-9;]{0,20}[A-Za-z]|\[(?:\d{1,3}(?:;\d{1,3}){0,4})m|\[m$/gi;
const COMPOSE_PREFIX = /^([\w.-]{1,100})\s+\|\s/;

/**
 * Splits a log into messages. Understands colour codes, JSON lines and JSON documents, and progress bars' carriage
 * returns.
 */
export function* logLines(log: string): Generator<LogLine> {
  const document = jsonDocument(log);
  if (document !== undefined) {
    for (const text of document.flatMap(messagesOf)) yield* messageLines(text, 1, '');
    return;
  }
  let number = 0;
  for (const physical of log.split(/\r?\n/)) {
    number++;
    for (const part of physical.split('\r')) {
      const stream = COMPOSE_PREFIX.exec(part)?.[1] ?? '';
      const wrapped = jsonLine(part);
      if (wrapped === undefined) yield* messageLines(part, number, stream);
      else for (const text of messagesOf(wrapped)) yield* messageLines(text, number, stream);
    }
  }
}

function* messageLines(text: string, number: number, stream: string): Generator<LogLine> {
  for (const line of text.split(/\r?\n/)) {
    const plain = line.replace(COLOURS, '').trimEnd();
    if (plain.trim() !== '') yield { number, stream, ...splitHeader(plain, stream) };
  }
}

function splitHeader(line: string, stream: string): Pick<LogLine, 'header' | 'text'> {
  const mark = HEADER.exec(line);
  if (mark !== null) {
    const [whole, level = 'I', , logger = '', file = '', , fn = ''] = mark;
    const header: LogHeader = { severity: SEVERITIES[level] ?? 'INFO', logger, file, function: fn };
    return { header, text: line.slice(mark.index + whole.length) };
  }
  const traced = TRACING_HEADER.exec(line);
  if (traced !== null) {
    const [whole, logger = '', file = '', , fn = ''] = traced;
    const severity = tracingSeverity(TRACING_LEVEL.exec(line.slice(0, traced.index))?.[1] ?? 'INFO');
    return { header: { severity, logger, file, function: fn }, text: line.slice(traced.index + whole.length) };
  }
  const target = TRACING_TARGET.exec(line);
  if (target !== null) {
    const header: LogHeader = { severity: tracingSeverity(target[1] ?? ''), logger: '', file: 'ort', function: '' };
    return { header, text: line.slice(target.index + target[0].length) };
  }
  return { header: null, text: stream === '' ? line : line.replace(COMPOSE_PREFIX, '') };
}

function tracingSeverity(level: string): LogSeverity {
  switch (level.toUpperCase()) {
    case 'TRACE':
    case 'DEBUG':
      return 'VERBOSE';
    case 'WARN':
    case 'WARNING':
      return 'WARNING';
    case 'ERROR':
      return 'ERROR';
    default:
      return 'INFO';
  }
}

/** The values of a log that is one JSON document (a cloud logger's export); undefined for all others. */
function jsonDocument(log: string): unknown[] | undefined {
  const start = log.trimStart()[0];
  if (start !== '[' && start !== '{') return undefined;
  try {
    const value: unknown = JSON.parse(log);
    return Array.isArray(value) ? (value as unknown[]) : [value];
  } catch {
    return undefined;
  }
}

function jsonLine(line: string): unknown {
  const start = line.indexOf('{"');
  if (start < 0 || !line.trimEnd().endsWith('}')) return undefined;
  try {
    return JSON.parse(line.slice(start)) as unknown;
  } catch {
    return undefined;
  }
}

/** The texts in a logger's JSON, in the order of its keys; tracing's fields are put together as one line again. */
function messagesOf(value: unknown): string[] {
  const texts: string[] = [];
  const pending: { value: unknown; level: string; depth: number }[] = [{ value, level: 'INFO', depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next.value === 'string') texts.push(next.value);
    if (typeof next.value !== 'object' || next.value === null || next.depth > 8) continue;
    const fields = next.value as Readonly<Record<string, unknown>>;
    const level = typeof fields['level'] === 'string' ? fields['level'] : next.level;
    const { location, message, id } = fields;
    if (typeof location === 'string' && typeof message === 'string') {
      texts.push(
        `${level.toUpperCase()} ort{id="${typeof id === 'string' ? id : ''}" location="${location}"}: ${message}`,
      );
      continue;
    }
    const children = Object.values(fields).map((child) => ({ value: child, level, depth: (next?.depth ?? 0) + 1 }));
    pending.push(...children.reverse());
  }
  return texts;
}
