import type { DurationFigures } from './distribution.js';
import type { SeriesPoint } from './series.js';

/**
 * The stages of a run. `wait` is time that a frame spent in queues, with nobody working on it; `write` is the tables and
 * the closing of files.
 */
export const STAGES = ['decode', 'convert', 'detect', 'landmarks', 'mirror', 'overlay', 'action-units', 'encode', 'write', 'wait'] as const;
export type Stage = (typeof STAGES)[number];

/** Time of one stage. Stages run side by side, so that shares are of the sum of all stages' work, not of the wall time. */
export interface StageFigures extends DurationFigures {
  readonly stage: Stage;
  /** 0 to 1, of the work of all stages but `wait`; for `wait`, of the frames' whole time under way. */
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
  /** Bytes that the process grew by when its first session of this model was opened and warmed up, null when not measured. */
  readonly memoryBytes: number | null;
}

/** How full a queue was. */
export interface QueueFigures {
  readonly queue: string;
  readonly capacity: number;
  readonly meanDepth: number;
  readonly maxDepth: number;
  /** Time that producers waited because the queue was full. */
  readonly blockedMs: number;
}

/** Memory of the process (all threads), in bytes. */
export interface MemoryFigures {
  readonly startRssBytes: number;
  readonly peakRssBytes: number;
  readonly endRssBytes: number;
  readonly framePoolBytes: number;
  /** RSS over the seconds of the run. */
  readonly rssOverTime: readonly SeriesPoint[];
}

/** All that a run measured of itself. Part of the run's JSON. */
export interface ProfileSummary {
  readonly wallMs: number;
  /** User and system CPU time of the whole process. */
  readonly cpuMs: number;
  readonly cores: number;
  /** Processor time of the machine that nobody used meanwhile, 0 to 1; null where it cannot be told. Absent in old records. */
  readonly idleShare?: number | null;
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly stages: readonly StageFigures[];
  readonly models: readonly ModelFigures[];
  readonly queues: readonly QueueFigures[];
  readonly memory: MemoryFigures;
  /** Milliseconds from a frame's decoding to the last of its results, over the frame numbers. */
  readonly frameTimeMs: readonly SeriesPoint[];
  /** Milliseconds from one finished frame to the next, over the order in which they were finished. Absent in old records. */
  readonly frameIntervalMs?: readonly SeriesPoint[];
  /** Spans of the first frames for the timeline picture: start and duration in ms since the run's start. */
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
