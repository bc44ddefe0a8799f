import { basename } from 'node:path';
import { MultiBar, type SingleBar } from 'cli-progress';
import colours from 'picocolors';
import type { BatchEvent } from '../batch/events.js';
import { providerInWords } from '../wording.js';
import { inFlags } from './setting-flags.js';
import { describeFailure, printable } from './failure.js';

/** Without a terminal, a line about a video's progress is written at most so often. */
const LINE_INTERVAL_MS = 10_000;
/** Characters of a bar. */
const LONGEST_BAR = 24;
const SHORTEST_BAR = 6;

/** A video that is being processed, as it is shown. */
interface Shown {
  frames: number;
  expectedFrames: number | null;
  speed: string;
  left: string;
  lineAt: number;
  bar: SingleBar | null;
}

/**
 * Tells a person what a batch does: a bar for each video on a terminal, lines elsewhere. Everything goes to standard
 * error.
 */
export class ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  readonly #verbose: boolean;
  readonly #shown = new Map<string, Shown>();
  #bars: MultiBar | null = null;
  #isBatch = false;

  constructor(verbose: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#verbose = verbose;
    this.#stream = stream;
  }

  show(event: BatchEvent): void {
    switch (event.kind) {
      case 'started':
        this.#isBatch = event.count > 1;
        this.#line(`${event.count > 1 ? `[${event.index}/${event.count}] ` : ''}${printable(event.path)}`);
        this.#shown.set(event.path, {
          frames: 0,
          expectedFrames: event.expectedFrames,
          speed: '-',
          left: '-',
          lineAt: performance.now(),
          bar: null,
        });
        this.#draw();
        return;
      case 'progress':
        this.#progress(event);
        return;
      case 'analysing':
        this.#line(
          `  ${this.#nameAmongOthers(event.path)}report: looking at the network ${event.network} (${event.number} of ${event.count}, at most about ${event.atMostSeconds} s)`,
        );
        return;
      case 'notice':
        this.#line(this.#notice(event));
        return;
      case 'skipped':
        this.#line(
          `${printable(event.path)}: done already (the same file with the same settings); --force does it again`,
        );
        return;
      case 'failed':
        this.#shown.delete(event.path);
        this.#line(colours.red(this.#failure(event)));
        return;
      case 'done': {
        const { frames, profile } = event.record;
        const speed = profile === null ? '' : `, ${profile.framesPerSecond.toFixed(1)} frames a second`;
        const { provider, providerAsked } = event.record.suite;
        const place =
          providerAsked === undefined
            ? ''
            : `, on ${providerInWords(provider)} and not on ${providerInWords(providerAsked)}`;
        const name = this.#nameAmongOthers(event.path);
        this.#shown.delete(event.path);
        this.#line(`  ${name}done: ${frames.read} frames, a face in ${frames.withFace}${speed}${place}`);
        return;
      }
    }
  }

  /** Takes the bars off the screen. */
  close(): void {
    this.#bars?.stop();
    this.#bars = null;
    for (const shown of this.#shown.values()) shown.bar = null;
  }

  #progress(event: Extract<BatchEvent, { kind: 'progress' }>): void {
    const shown = this.#shown.get(event.path);
    if (shown === undefined) return;
    shown.frames = event.frames;
    shown.expectedFrames = event.expectedFrames;
    shown.speed = event.framesPerSecond.toFixed(1);
    shown.left = event.secondsLeft === null ? '-' : duration(event.secondsLeft);
    if (shown.bar !== null) {
      update(shown.bar, shown);
      return;
    }
    if (performance.now() - shown.lineAt < LINE_INTERVAL_MS) return;
    shown.lineAt = performance.now();
    const total = event.expectedFrames === null ? '' : ` of ${event.expectedFrames}`;
    this.#line(
      `  ${this.#nameAmongOthers(event.path)}${event.frames}${total} frames, ${shown.speed} frames a second, ${shown.left} left`,
    );
  }

  /** Among several videos with the name of the one that failed, where its error does not tell it. */
  #failure({ path, error }: Extract<BatchEvent, { kind: 'failed' }>): string {
    return `${error.message.includes(path) ? '' : this.#nameAmongOthers(path)}${describeFailure(error, this.#verbose)}`;
  }

  #notice({ path, sentence, weight }: Extract<BatchEvent, { kind: 'notice' }>): string {
    const text = `${path === null ? '' : this.#nameAmongOthers(path)}${printable(inFlags(sentence))}`;
    return weight === 'warning' ? colours.bold(colours.yellow(`  WARNING: ${text}`)) : `  note: ${text}`;
  }

  /** Which video is meant, where there are several. */
  #nameAmongOthers(path: string): string {
    return this.#isBatch ? `${printable(basename(path))}: ` : '';
  }

  #line(text: string): void {
    this.close();
    this.#stream.write(`${text}\n`);
    this.#draw();
  }

  /** Draws the bars of all videos again. */
  #draw(): void {
    if (!this.#stream.isTTY || this.#shown.size === 0) return;
    this.close();
    this.#bars = new MultiBar({
      stream: this.#stream,
      format: (_options, { value, total }, payload: BarText) => barLine(value, total, payload, this.#stream.columns),
      hideCursor: true,
      clearOnComplete: true,
      // How a run ends on Ctrl-C is not for a bar to decide.
      gracefulExit: false,
      fps: 5,
    });
    const names = new Map(
      [...this.#shown.keys()].map((path) => [path, this.#isBatch ? printable(basename(path)) : '']),
    );
    const nameWidth = Math.max(...[...names.values()].map((name) => name.length));
    for (const [path, shown] of this.#shown) {
      shown.bar = this.#bars.create(shown.expectedFrames ?? 0, shown.frames, {
        name: names.get(path) ?? '',
        nameWidth,
        speed: shown.speed,
        left: shown.left,
      } satisfies BarText);
    }
  }
}

function update(bar: SingleBar, { frames, expectedFrames, speed, left }: Shown): void {
  bar.setTotal(expectedFrames ?? 0);
  bar.update(frames, { speed, left } satisfies Omit<BarText, 'name' | 'nameWidth'>);
}

/** What a bar tells beside its frames. */
interface BarText {
  /** Of the video, where there are several; else empty. */
  readonly name: string;
  /** Of the longest name that is shown, so that the bars stand below each other. */
  readonly nameWidth: number;
  readonly speed: string;
  readonly left: string;
}

/** The bar and its words, as much of them as the terminal is wide; what matters most comes first. */
function barLine(value: number, total: number, { name, nameWidth, speed, left }: BarText, columns: number): string {
  // The last column stays free: some terminals begin a new line when it is written to.
  const width = columns > 1 ? columns - 1 : 79;
  const start = name === '' ? '  ' : `  ${shortened(name, Math.min(nameWidth, Math.floor(width / 3)))} `;
  // A file that does not say how long it is has no bar.
  if (total === 0) return `${start}${value} frames | ${speed} frames a second`.slice(0, width);
  const share = Math.min(1, value / total);
  let words = ` ${String(Math.floor(share * 100)).padStart(3)}%`;
  for (const more of [` | ${left} left`, ` | ${value}/${total} frames`, ` | ${speed} frames a second`]) {
    if (start.length + SHORTEST_BAR + words.length + more.length > width) break;
    words += more;
  }
  const room = Math.max(0, Math.min(LONGEST_BAR, width - start.length - words.length));
  const done = Math.round(share * room);
  return `${start}${'#'.repeat(done)}${'.'.repeat(room - done)}${words}`.slice(0, width);
}

/** A name in that many columns. */
function shortened(name: string, columns: number): string {
  return name.length <= columns ? name.padEnd(columns) : `${name.slice(0, columns - 1)}…`;
}

/** `1:02:03`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}
