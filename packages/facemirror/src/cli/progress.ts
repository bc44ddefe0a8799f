import { SingleBar } from 'cli-progress';
import colours from 'picocolors';
import type { BatchEvent } from '../pipeline/events.js';
import { describeFailure, printable } from './failure.js';

/** Without a terminal, a line about the progress is written at most so often. */
const LINE_INTERVAL_MS = 10_000;

/** Tells a person what a batch does: a bar on a terminal, lines elsewhere. Everything goes to standard error. */
export class ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | null = null;
  readonly #verbose: boolean;
  #lineAt = 0;

  constructor(verbose: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#verbose = verbose;
    this.#stream = stream;
  }

  show(event: BatchEvent): void {
    switch (event.kind) {
      case 'started':
        this.#line(`${event.count > 1 ? `[${event.index}/${event.count}] ` : ''}${printable(event.path)}`);
        if (this.#stream.isTTY) this.#startBar(event.expectedFrames);
        this.#lineAt = performance.now();
        return;
      case 'progress':
        this.#progress(event);
        return;
      case 'notice':
        this.#line(`  note: ${printable(event.sentence)}`);
        return;
      case 'skipped':
        this.#line(`${printable(event.path)}: done already (the same file with the same settings); --force does it again`);
        return;
      case 'failed':
        this.#line(colours.red(describeFailure(event.error, this.#verbose)));
        return;
      case 'done': {
        const { frames, profile } = event.record;
        const speed = profile === null ? '' : `, ${profile.framesPerSecond.toFixed(1)} frames a second`;
        this.#line(`  done: ${frames.read} frames, a face in ${frames.withFace}${speed}`);
        return;
      }
    }
  }

  /** Takes the bar off the screen. */
  close(): void {
    this.#bar?.stop();
    this.#bar = null;
  }

  #startBar(expectedFrames: number | null): void {
    this.#bar = new SingleBar({
      stream: this.#stream,
      format: `  {bar} {percentage}% | {value}/{total} frames | {speed} frames a second | {left} left`,
      barCompleteChar: '#',
      barIncompleteChar: '.',
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
      barsize: 24,
    });
    this.#bar.start(expectedFrames ?? 0, 0, { speed: '-', left: '-' });
  }

  #progress(event: Extract<BatchEvent, { kind: 'progress' }>): void {
    const left = event.secondsLeft === null ? '-' : duration(event.secondsLeft);
    if (this.#bar !== null) {
      this.#bar.setTotal(event.expectedFrames ?? event.frames);
      this.#bar.update(event.frames, { speed: event.framesPerSecond.toFixed(1), left });
      return;
    }
    if (performance.now() - this.#lineAt < LINE_INTERVAL_MS) return;
    this.#lineAt = performance.now();
    const total = event.expectedFrames === null ? '' : ` of ${event.expectedFrames}`;
    this.#line(`  ${event.frames}${total} frames, ${event.framesPerSecond.toFixed(1)} frames a second, ${left} left`);
  }

  #line(text: string): void {
    this.close();
    this.#stream.write(`${text}\n`);
  }
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}
