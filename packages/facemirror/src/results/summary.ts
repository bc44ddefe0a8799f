import type { Stage } from 'facemirror-core/profile/stages.js';

/** Figures of a set of durations, in milliseconds. Percentiles are exact to about 1 %. */
export interface DurationFigures {
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/** One point of a series: the mean and the largest of the values that fell into its stretch. */
export interface SeriesPoint {
  /** Where the stretch begins: a frame number or seconds since the start, whatever the series counts. */
  readonly at: number;
  readonly mean: number;
  readonly max: number;
}

/**
 * Time of one stage. Stages run side by side, so that shares are of the sum of all stages' work, not of the wall time.
 */
export interface StageFigures extends DurationFigures {
  readonly stage: Stage;
  /** 0 to 1, of the work of all stages but `wait`; for `wait`, of work and waiting together. */
  readonly share: number;
}

/** Time of one model: making the input, the inference itself, reading the result. Per call, which may be a batch. */
export interface ModelFigures {
  readonly model: string;
  /** Items (crops or frames) that went through. */
  readonly items: number;
  readonly preprocess: DurationFigures;
  readonly inference: DurationFigures;
  readonly postprocess: DurationFigures;
  /** Opening the session and its first inference, which compiles; apart from the rest. */
  readonly warmUp: { readonly createMs: number; readonly firstInferenceMs: number } | null;
  /**
   * Bytes that the process grew by when its first session of this model was opened and warmed up, null when not
   * measured.
   */
  readonly memoryBytes: number | null;
  /**
   * Resident memory of the process that opened it, before and after. Absent in old records, and where it was not
   * measured.
   */
  readonly opening?: { readonly rssBeforeBytes: number; readonly rssAfterBytes: number };
}

/** How full a queue was, and how long it was waited for. */
export interface QueueFigures {
  readonly queue: string;
  /** Where room is limited; null where what waits is bounded by what is under way. */
  readonly capacity: number | null;
  readonly meanDepth: number;
  readonly maxDepth: number;
  /** Each time something passed: of a bounded queue the wait for room, of another the wait for its turn. */
  readonly waits: DurationFigures;
}

/** Memory of the process (all threads), in bytes. */
export interface MemoryFigures {
  readonly startRssBytes: number;
  readonly peakRssBytes: number;
  readonly endRssBytes: number;
  /** The frames and what the kernels need beside them. */
  readonly framePoolBytes: number;
  /** Absent in old records. */
  readonly framePoolFrames?: number;
  /**
   * The most that workers which are processes of their own had together; pages that they share count in each. Absent
   * for threads.
   */
  readonly workersPeakRssBytes?: number;
  /** RSS over the seconds of the run. */
  readonly rssOverTime: readonly SeriesPoint[];
}

/** All that a run measured of itself. Part of the run's JSON. */
export interface ProfileSummary {
  readonly wallMs: number;
  /**
   * User and system CPU time of the whole process, and of workers that are processes of their own once they are open.
   */
  readonly cpuMs: number;
  readonly cores: number;
  /**
   * Until the networks and the video were open: this part of `wallMs` and `cpuMs` is no frame's. Absent in old records.
   */
  readonly opening?: { readonly wallMs: number; readonly cpuMs: number };
  /**
   * Processor time of the machine that nobody used while frames were worked on, 0 to 1; null where it cannot be told.
   * Absent in old records.
   */
  readonly idleShare?: number | null;
  readonly frames: number;
  /** Opening not counted. */
  readonly framesPerSecond: number;
  readonly stages: readonly StageFigures[];
  readonly models: readonly ModelFigures[];
  readonly queues: readonly QueueFigures[];
  readonly memory: MemoryFigures;
  /** Milliseconds from a frame's decoding to the last of its results, over the frame numbers. */
  readonly frameTimeMs: readonly SeriesPoint[];
  /**
   * Milliseconds from one finished frame to the next, over the order in which they were finished. Absent in old
   * records.
   */
  readonly frameIntervalMs?: readonly SeriesPoint[];
  /**
   * All that went on while some frames were under way, for the timeline picture: start and duration in ms since the
   * run's start.
   */
  readonly timeline: readonly TimelineSpan[];
}

/** One piece of work on the timeline. */
export interface TimelineSpan {
  readonly stage: Stage;
  /** A stage may run several times at once, e.g. the encoders: which of them. */
  readonly lane: string;
  readonly frame: number;
  readonly startMs: number;
  readonly durationMs: number;
}
