import { closeSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { isRunning } from '../../processes/is-running.js';
import type { TimelineSpan } from '../../results/summary.js';

const FLUSH_CHARACTERS = 1 << 16;

/**
 * What the trace is of: one process, whose lanes are numbered from 2 on (Perfetto takes a thread of the process's
 * number for its main one).
 */
const PROCESS = { pid: 1, tid: 0 } as const;
const FIRST_LANE = 2;

/**
 * Writes a Chrome trace, which chrome://tracing and Perfetto open: a JSON array of complete events ("ph":"X"), nestable
 * asynchronous ones ("b", "e") for what overlaps, counters ("C") and names ("M"). Events are streamed to disk, so that
 * a long run needs no more memory (a frame takes some 4 kB of the file). Format: Trace Event Format, Google, section
 * "JSON Array Format", whose closing bracket may be missing: what a killed run leaves opens as well.
 */
export class ChromeTraceWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #descriptor: number;
  readonly #lanes = new Map<string, number>();
  #nextId = 1;
  #buffer = '[\n';
  #isOpen = true;
  #failure: Error | null = null;

  /** @throws FaceMirrorError FILE_UNWRITABLE. */
  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.${process.pid}.part`;
    try {
      removeLeftovers(path);
      this.#descriptor = openSync(this.#temporary, 'w');
    } catch (cause) {
      throw unwritable(path, cause);
    }
    this.#append({ ...PROCESS, name: 'process_name', ph: 'M', args: { name: 'facemirror' } });
  }

  /** Adds one piece of work. On a lane, spans lie one behind another or one inside another. */
  span({ stage, frame, ...span }: TimelineSpan): void {
    this.#complete('stage', stage, span, { frame });
  }

  /** Adds a call of a network with its parts, inside the span of its stage where that is on the same lane. */
  call(
    model: string,
    items: number,
    lane: string,
    startMs: number,
    parts: readonly (readonly [name: string, durationMs: number])[],
  ): void {
    const durationMs = parts.reduce((sum, [, part]) => sum + part, 0);
    this.#complete('network', model, { lane, startMs, durationMs }, { items });
    let at = startMs;
    for (const [name, part] of parts) {
      this.#complete('network', name, { lane, startMs: at, durationMs: part }, { model });
      at += part;
    }
  }

  /** Adds the time from the start until everything was open. */
  opening(durationMs: number): void {
    this.#complete('opening', 'open the networks and the video', { lane: 'opening', startMs: 0, durationMs }, {});
  }

  /** Adds something that overlaps with others of its kind: a wait in a queue, a frame's time under way. */
  overlapping(kind: 'wait' | 'frame', name: string, startMs: number, durationMs: number, frame: number): void {
    // An id of the process's own: with a global one, viewers show the event outside of the process.
    const event = { ...PROCESS, cat: kind, name, id2: { local: `0x${(this.#nextId++).toString(16)}` } };
    this.#append({ ...event, ph: 'b', ts: microseconds(startMs), args: { frame } });
    this.#append({ ...event, ph: 'e', ts: microseconds(startMs + durationMs) });
  }

  /** Adds the value of a counter, e.g. a queue's depth or the memory. */
  counter(name: string, atMs: number, value: number): void {
    this.#append({ ...PROCESS, name, ph: 'C', ts: microseconds(atMs), args: { value } });
  }

  /**
   * Finishes the file and gives it its name.
   * @throws FaceMirrorError FILE_UNWRITABLE, also for what could not be written before: a video is not given up for its
   *   trace.
   */
  finish(): void {
    if (!this.#isOpen) return;
    this.#buffer = `${this.#buffer.replace(/,\n$/, '\n')}]\n`;
    this.#flush(this.#buffer.length);
    if (this.#failure !== null) {
      this.discard();
      throw unwritable(this.#path, this.#failure);
    }
    this.#isOpen = false;
    closeSync(this.#descriptor);
    try {
      renameSync(this.#temporary, this.#path);
    } catch (cause) {
      rmSync(this.#temporary, { force: true });
      throw unwritable(this.#path, cause);
    }
  }

  /** Gives the trace up: no file remains. Does nothing after `finish`. */
  discard(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
    rmSync(this.#temporary, { force: true });
  }

  #complete(
    cat: string,
    name: string,
    { lane, startMs, durationMs }: Omit<TimelineSpan, 'stage' | 'frame'>,
    args: Readonly<Record<string, unknown>>,
  ): void {
    const tid = this.#laneNumber(lane);
    // Both ends are rounded, not the length: what is inside another span ends inside it.
    const ts = microseconds(startMs);
    const dur = Math.round((microseconds(startMs + durationMs) - ts) * 10) / 10;
    this.#append({ name, cat, ph: 'X', pid: PROCESS.pid, tid, ts, dur, args });
  }

  #laneNumber(lane: string): number {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const number = FIRST_LANE + this.#lanes.size;
    this.#lanes.set(lane, number);
    this.#append({ name: 'thread_name', ph: 'M', pid: PROCESS.pid, tid: number, args: { name: lane } });
    this.#append({ name: 'thread_sort_index', ph: 'M', pid: PROCESS.pid, tid: number, args: { sort_index: number } });
    return number;
  }

  #append(event: Readonly<Record<string, unknown>>): void {
    this.#buffer += `${JSON.stringify(event)},\n`;
    if (this.#buffer.length <= FLUSH_CHARACTERS) return;
    // The last event stays behind, so that finish() can take its comma away.
    this.#flush(this.#buffer.lastIndexOf('\n', this.#buffer.length - 2) + 1);
  }

  #flush(characters: number): void {
    try {
      if (this.#failure === null) writeFileSync(this.#descriptor, this.#buffer.slice(0, characters));
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#buffer = this.#buffer.slice(characters);
  }
}

/** Removes what killed runs left of a trace of that name. */
function removeLeftovers(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    const owner = name.startsWith(`${basename(path)}.`) ? Number(/\.(\d+)\.part$/.exec(name)?.[1] ?? NaN) : NaN;
    if (Number.isInteger(owner) && !isRunning(owner)) rmSync(join(folder, name), { force: true });
  }
}

function unwritable(path: string, cause: unknown): FaceMirrorError {
  return new FaceMirrorError('FILE_UNWRITABLE', `Cannot write the trace ${path}: ${messageOf(cause)}.`, { cause });
}

function microseconds(ms: number): number {
  return Math.round(ms * 10_000) / 10;
}
