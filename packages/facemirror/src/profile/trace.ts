import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { FaceMirrorError, messageOf } from '../errors.js';
import type { TimelineSpan } from './summary.js';

const FLUSH_CHARACTERS = 1 << 16;

/**
 * Writes a Chrome trace, which chrome://tracing and Perfetto open: a JSON array of complete events ("ph":"X"), nestable
 * asynchronous ones ("b", "e") for what overlaps, counters ("C") and names ("M"). Events are streamed to disk, so that a
 * long run needs no more memory. Format: Trace Event Format, Google, section "JSON Array Format".
 */
export class ChromeTraceWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #descriptor: number;
  readonly #lanes = new Map<string, number>();
  #nextId = 1;
  #buffer = '[\n';
  #isOpen = true;

  /** @throws FaceMirrorError FILE_UNWRITABLE. */
  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.${process.pid}.part`;
    try {
      this.#descriptor = openSync(this.#temporary, 'w');
    } catch (cause) {
      throw new FaceMirrorError('FILE_UNWRITABLE', `Cannot write the trace ${path}: ${messageOf(cause)}.`, { cause });
    }
    this.#append({ name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: 'facemirror' } });
  }

  /** Adds one piece of work. On a lane, spans lie one behind another or one inside another. */
  span({ stage, frame, ...span }: TimelineSpan): void {
    this.#complete('stage', stage, span, { frame });
  }

  /** Adds a call of a network with its parts, inside the span of its stage where that is on the same lane. */
  call(model: string, items: number, lane: string, startMs: number, parts: readonly (readonly [name: string, durationMs: number])[]): void {
    const durationMs = parts.reduce((sum, [, part]) => sum + part, 0);
    this.#complete('network', model, { lane, startMs, durationMs }, { items });
    let at = startMs;
    for (const [name, part] of parts) {
      this.#complete('network', name, { lane, startMs: at, durationMs: part }, { model });
      at += part;
    }
  }

  /** Adds something that overlaps with others of its kind: a wait in a queue, a frame's time under way. */
  overlapping(kind: 'wait' | 'frame', name: string, startMs: number, durationMs: number, frame: number): void {
    const event = { cat: kind, name, id: this.#nextId++, pid: 1, tid: 0 };
    this.#append({ ...event, ph: 'b', ts: microseconds(startMs), args: { frame } });
    this.#append({ ...event, ph: 'e', ts: microseconds(startMs + durationMs) });
  }

  /** Adds the value of a counter, e.g. a queue's depth or the memory. */
  counter(name: string, atMs: number, value: number): void {
    this.#append({ name, ph: 'C', pid: 1, tid: 0, ts: microseconds(atMs), args: { value } });
  }

  /** Finishes the file and gives it its name. */
  finish(): void {
    if (!this.#isOpen) return;
    this.#buffer = `${this.#buffer.replace(/,\n$/, '\n')}]\n`;
    this.#flush(this.#buffer.length);
    this.#isOpen = false;
    closeSync(this.#descriptor);
    renameSync(this.#temporary, this.#path);
  }

  /** Gives the trace up: no file remains. Does nothing after `finish`. */
  discard(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
    rmSync(this.#temporary, { force: true });
  }

  #complete(cat: string, name: string, { lane, startMs, durationMs }: Omit<TimelineSpan, 'stage' | 'frame'>, args: Readonly<Record<string, unknown>>): void {
    const tid = this.#laneNumber(lane);
    // Both ends are rounded, not the length: what is inside another span ends inside it.
    const ts = microseconds(startMs);
    const dur = Math.round((microseconds(startMs + durationMs) - ts) * 10) / 10;
    this.#append({ name, cat, ph: 'X', pid: 1, tid, ts, dur, args });
  }

  #laneNumber(lane: string): number {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const number = this.#lanes.size + 1;
    this.#lanes.set(lane, number);
    this.#append({ name: 'thread_name', ph: 'M', pid: 1, tid: number, args: { name: lane } });
    this.#append({ name: 'thread_sort_index', ph: 'M', pid: 1, tid: number, args: { sort_index: number } });
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
      writeSync(this.#descriptor, this.#buffer.slice(0, characters));
    } catch (cause) {
      throw new FaceMirrorError('FILE_UNWRITABLE', `Cannot write the trace ${this.#path}: ${messageOf(cause)}.`, { cause });
    }
    this.#buffer = this.#buffer.slice(characters);
  }
}

function microseconds(ms: number): number {
  return Math.round(ms * 10_000) / 10;
}
