import type { ModelCall, Profiler } from 'facemirror-core/profile/profiler.js';
import type { Stage } from 'facemirror-core/profile/stages.js';

/** Where the time of a run went. Stages run side by side: their sum is more than the run's time. */
export interface StageSummary {
  /** Of the whole run, opening included. */
  readonly wallMs: number;
  /** Until the networks and the video were open. */
  readonly openingMs: number;
  readonly frames: number;
  /** Opening not counted. */
  readonly framesPerSecond: number;
  readonly stages: readonly { readonly stage: Stage; readonly totalMs: number; readonly count: number }[];
  readonly models: readonly {
    readonly model: string;
    readonly calls: number;
    readonly preprocessMs: number;
    readonly inferenceMs: number;
  }[];
}

/** Adds up the times of stages and networks. */
export class StageTimes implements Profiler {
  readonly #startedAt: number;
  #openedAt: number;
  #frames = 0;
  readonly #stages = new Map<Stage, { totalMs: number; count: number }>();
  readonly #models = new Map<string, { calls: number; preprocessMs: number; inferenceMs: number }>();

  /** @param startedAt when the run began, on the clock of `performance.now()`. */
  constructor(startedAt: number) {
    this.#startedAt = this.#openedAt = startedAt;
  }

  begin(): number {
    return performance.now();
  }

  opened(): void {
    this.#openedAt = performance.now();
  }

  end(stage: Stage, startedAt: number): void {
    this.span(stage, startedAt, performance.now() - startedAt);
  }

  span(stage: Stage, _startedAt: number, durationMs: number): void {
    const sum = this.#stages.get(stage) ?? { totalMs: 0, count: 0 };
    this.#stages.set(stage, { totalMs: sum.totalMs + durationMs, count: sum.count + 1 });
  }

  model(name: string, { preprocessMs, inferenceMs }: ModelCall): void {
    const sum = this.#models.get(name) ?? { calls: 0, preprocessMs: 0, inferenceMs: 0 };
    this.#models.set(name, {
      calls: sum.calls + 1,
      preprocessMs: sum.preprocessMs + preprocessMs,
      inferenceMs: sum.inferenceMs + inferenceMs,
    });
  }

  modelOpened(): void {
    // Opening is told apart as a whole.
  }

  queue(): void {
    // What waits is not told.
  }

  framePool(): void {
    // Its size is known beforehand.
  }

  frameDone(): void {
    this.#frames++;
  }

  summary(): StageSummary {
    const now = performance.now();
    const workedMs = now - this.#openedAt;
    return {
      wallMs: now - this.#startedAt,
      openingMs: this.#openedAt - this.#startedAt,
      frames: this.#frames,
      framesPerSecond: workedMs > 0 ? (1000 * this.#frames) / workedMs : 0,
      stages: [...this.#stages].map(([stage, sum]) => ({ stage, ...sum })),
      models: [...this.#models].map(([model, sum]) => ({ model, ...sum })),
    };
  }
}
