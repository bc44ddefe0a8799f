import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { FaceMirrorError, messageOf } from '../errors.js';
import type { TimelineSpan } from './summary.js';

const FLUSH_CHARACTERS = 1 << 16;

/**
 * Writes a Chrome trace (JSON array of complete events, "ph":"X"), which chrome://tracing and Perfetto open. Events are
 * streamed to disk, so that a long run needs no more memory. Format: Trace Event Format, Google, section "JSON Array Format".
 */
export class ChromeTraceWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #descriptor: number;
  readonly #lanes = new Map<string, number>();
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

  /** Adds one piece of work. */
  span(span: TimelineSpan): void {
    this.#append({
      name: span.stage,
      cat: 'stage',
      ph: 'X',
      pid: 1,
      tid: this.#laneNumber(span.lane),
      ts: round(span.startMs * 1000),
      dur: round(span.durationMs * 1000),
      args: { frame: span.frame },
    });
  }

  /** Adds the value of a counter, e.g. a queue's depth or the memory. */
  counter(name: string, atMs: number, value: number): void {
    this.#append({ name, ph: 'C', pid: 1, tid: 0, ts: round(atMs * 1000), args: { value } });
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

  #laneNumber(lane: string): number {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const number = this.#lanes.size + 1;
    this.#lanes.set(lane, number);
    this.#append({ name: 'thread_name', ph: 'M', pid: 1, tid: number, args: { name: lane } });
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

function round(microseconds: number): number {
  return Math.round(microseconds * 10) / 10;
}
