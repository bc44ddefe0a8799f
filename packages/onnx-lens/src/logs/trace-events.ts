/** One timed event of ONNX Runtime's profile. */
export interface TraceEvent {
  readonly category: string;
  readonly name: string;
  /** Process and thread. */
  readonly thread: string;
  /** Microseconds. */
  readonly start: number;
  readonly duration: number;
  readonly opType: string;
  readonly provider: string;
}

/** Text to gather before it is read, in characters. */
const PIECE = 1 << 20;
/** A longer event or line is passed over. */
const LONGEST_EVENT = 1 << 22;
/** Events that run over several lines and turn out broken; after that many, each line is read on its own. */
const MOST_BROKEN = 20;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds the events in a profile that comes in pieces, in time proportional to its length and in constant memory.
 *
 * Reads an array of events and an object with `traceEvents`, in whatever layout. ONNX Runtime writes one event a line
 * and older versions do not escape node names: a line that is not JSON is read by its known fields.
 */
export class TraceEventReader {
  readonly #take: (event: TraceEvent) => void;
  #text = '';
  readonly #waiting: string[] = [];
  #waitingLength = 0;
  #place: 'start' | 'events' | 'rest-of-line' | 'end' = 'start';
  #isWrapped = false;
  #broken = 0;
  #complete = false;
  /** True after an event that the end of the file cuts off: brackets that follow are its own. */
  #isTorn = false;
  #unreadable = 0;

  constructor(take: (event: TraceEvent) => void) {
    this.#take = take;
  }

  /** True when the list of events was closed; meaningful after `finish`. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Lines that could not be read, a cut last line not counted. */
  get unreadable(): number {
    return this.#unreadable;
  }

  push(piece: string): void {
    this.#waiting.push(piece);
    this.#waitingLength += piece.length;
    // What is left of the last round is looked at again, so the next round must bring at least as much.
    if (this.#waitingLength >= Math.max(PIECE, this.#text.length)) this.#read(false);
  }

  finish(): void {
    this.#read(true);
  }

  #read(isLast: boolean): void {
    const text = this.#text + this.#waiting.join('');
    this.#waiting.length = 0;
    this.#waitingLength = 0;
    let at = 0;
    let lineEnd = -1;
    let isSharedLine = false; // holds several events
    while (at < text.length && this.#place !== 'end') {
      if (lineEnd < at) {
        const newline = text.indexOf('\n', at);
        lineEnd = newline < 0 ? text.length : newline;
        isSharedLine = false;
      }
      const hasLine = isLast || lineEnd < text.length;
      if (this.#place === 'rest-of-line') {
        at = lineEnd;
        if (lineEnd < text.length) this.#place = 'events';
        continue;
      }
      const code = text.charCodeAt(at);
      if (isSpace(code)) {
        at++;
      } else if (this.#place === 'start' && code === OPEN_BRACE) {
        if (!isLast && text.length - at < PIECE) break;
        at = this.#enter(text, at);
      } else if (code === CLOSE_BRACKET) {
        this.#close();
        at++;
      } else if (code === 0x2c || code === 0x5b) {
        this.#place = 'events';
        at++;
      } else if (code !== OPEN_BRACE) {
        this.#place = 'events';
        at = this.#skipWords(text, at, lineEnd, isLast);
      } else {
        this.#complete = false;
        const whole = hasLine && !isSharedLine ? withoutTail(text, at, lineEnd) : at;
        if (whole > at && this.#takeJson(text.slice(at, whole))) {
          at = whole;
          continue;
        }
        const end = objectEnd(text, at, this.#broken < MOST_BROKEN ? text.length : lineEnd);
        if (end > 0 && end <= lineEnd && isFollowed(text, end, isLast) && this.#takeJson(text.slice(at, end))) {
          at = end;
          isSharedLine = true;
          continue;
        }
        const odd = hasLine && !isSharedLine ? unescapedEvent(text.slice(at, whole)) : undefined;
        if (odd !== undefined) {
          this.#take(odd);
          at = whole;
        } else if (end > lineEnd && this.#takeJson(text.slice(at, end))) {
          at = end;
        } else if (!isLast && text.length - at < LONGEST_EVENT && (!hasLine || this.#mayContinue(end))) {
          break;
        } else {
          if (end !== BROKEN) this.#broken++;
          this.#isTorn ||= isLast && end === CUT;
          if (!isLast || lineEnd < text.length) this.#unreadable++;
          at = lineEnd;
          if (lineEnd === text.length) this.#place = 'rest-of-line';
        }
      }
    }
    this.#text = this.#place === 'end' ? '' : text.slice(at);
  }

  /** At the first brace: the object around the list, or an event of a file whose start is missing. */
  #enter(text: string, at: number): number {
    this.#place = 'events';
    const list = /"traceEvents"\s*:\s*\[/.exec(text.slice(at, at + PIECE));
    if (list === null) return at;
    this.#isWrapped = true;
    return at + list.index + list[0].length;
  }

  #mayContinue(end: number): boolean {
    return end === CUT && this.#broken < MOST_BROKEN;
  }

  #close(): void {
    this.#complete = !this.#isTorn;
    this.#place = this.#isWrapped ? 'end' : 'events';
  }

  #skipWords(text: string, from: number, lineEnd: number, isLast: boolean): number {
    this.#complete = false;
    let at = from;
    while (at < lineEnd && text.charCodeAt(at) !== OPEN_BRACE) at++;
    if (at < text.length || !isLast) this.#unreadable++;
    if (at === text.length) {
      this.#complete = !this.#isTorn && text.charCodeAt(withoutSpace(text, from, at) - 1) === CLOSE_BRACKET;
      this.#place = 'rest-of-line';
    }
    return at;
  }

  /** False for what is not JSON. JSON that is no event (a name, a counter) is passed over. */
  #takeJson(text: string): boolean {
    if (text.charCodeAt(text.length - 1) !== CLOSE_BRACE) return false; // a failed parse costs microseconds
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return false;
    }
    const event = eventOf(value);
    if (event === undefined) return true;
    this.#isTorn = false;
    this.#take(event);
    return true;
  }
}

const CUT = -1;
const BROKEN = -2;

/**
 * The place after the object that starts at `from`; CUT when the text ends before, BROKEN where a line ends in a
 * string.
 */
function objectEnd(text: string, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_BRACE) depth++;
    else if (code === CLOSE_BRACE) {
      if (--depth === 0) return at + 1;
    } else if (code === QUOTE) {
      for (at++; at < end; at++) {
        const inner = text.charCodeAt(at);
        if (inner === QUOTE) break;
        if (inner === NEWLINE) return BROKEN;
        if (inner === BACKSLASH) at++;
      }
    }
  }
  return CUT;
}

/** The end of the line without the commas, brackets and blanks that follow its last event. */
function withoutTail(text: string, from: number, lineEnd: number): number {
  let end = lineEnd;
  while (end > from) {
    const code = text.charCodeAt(end - 1);
    if (!isSpace(code) && code !== 0x2c && code !== CLOSE_BRACKET) break;
    end--;
  }
  return end;
}

function withoutSpace(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(text.charCodeAt(end - 1))) end--;
  return end;
}

function isFollowed(text: string, end: number, isLast: boolean): boolean {
  if (end >= text.length) return isLast;
  const code = text.charCodeAt(end);
  return isSpace(code) || code === 0x2c || code === CLOSE_BRACKET || code === CLOSE_BRACE;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xfeff;
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

/**
 * Reads a whole line whose name holds a bare quote or backslash. A cut line lacks the last two braces and is not read.
 */
function unescapedEvent(line: string): TraceEvent | undefined {
  if (!/\}\s{0,9}\}$/.test(line.slice(-11))) return undefined;
  const key = /"name"\s*:\s*"/.exec(line);
  if (key === null) return undefined;
  // The last "args" ends the name, whatever the name holds; no pattern here looks at a character twice.
  const name = /^(.*)"\s{0,9},\s{0,9}$/s.exec(line.slice(key.index + key[0].length, line.lastIndexOf('"args"')))?.[1];
  const number = (field: string): number =>
    Number(new RegExp(`"${field}"\\s{0,9}:\\s{0,9}(-?\\d{1,15})`).exec(line)?.[1]);
  const word = (field: string): string | undefined =>
    new RegExp(`"${field}"\\s{0,9}:\\s{0,9}"([^"]*)"`).exec(line)?.[1];
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
