import { FACES_PER_FRAME } from 'facemirror-core/suites/openface3/multitask-network.js';
import type { Suite, SuiteOptions } from 'facemirror-core/suites/suite.js';
import { suiteByName } from '../suites/suites.js';
import { type ModelCall, type Profiler } from 'facemirror-core/profile/profiler.js';
import { workerLane } from '../performance/measure/profiler.js';
import type { Stage } from 'facemirror-core/profile/stages.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';

export type SuiteListeners = Required<Pick<SuiteOptions, 'onNotice' | 'onWorkerUsage'>>;

/** Opens the suite when the first video needs it, and keeps it for the others. */
export class SuiteHolder {
  readonly #settings: RunSettings;
  readonly #cores: number;
  readonly #listeners: SuiteListeners;
  readonly #openings: Parameters<Profiler['modelOpened']>[] = [];
  /** Items that the networks of a stage have looked at in this video. */
  readonly #items = new Map<Stage, number>();
  readonly #told: Set<string>;
  #profiler: Profiler | null = null;
  #suite: Suite | null = null;

  /**
   * @param cores that its networks may use.
   * @param told sentences that the user has been told.
   */
  constructor(settings: RunSettings, cores: number, listeners: SuiteListeners, told: Set<string>) {
    this.#settings = settings;
    this.#cores = cores;
    this.#listeners = listeners;
    this.#told = told;
  }

  /** How its networks run; null as long as they are not open. */
  get inference(): Suite['inference'] | null {
    return this.#suite?.inference ?? null;
  }

  /**
   * The suite, which from now on reports to that profiler.
   * @param signal stops its opening, and all runs; the same for every video.
   */
  async open(profiler: Profiler, signal: AbortSignal): Promise<Suite> {
    this.#profiler = profiler;
    this.#items.clear();
    for (const opening of this.#openings) profiler.modelOpened(...opening);
    this.#suite ??= await (
      await suiteByName(this.#settings.suite)
    ).open({
      provider: this.#settings.provider,
      workers: this.#settings.workers,
      isolation: this.#settings.isolation,
      cores: this.#cores,
      ...(this.#settings.modelsFolder === null ? {} : { modelsFolder: this.#settings.modelsFolder }),
      framesPerBatch: this.#settings.batch,
      ...(this.#settings.detectSide === null ? {} : { detectorLongSide: this.#settings.detectSide }),
      wholeBlendshapes: this.#settings.measure === 'whole',
      signal,
      ...this.#listeners,
      profiler: {
        model: (name, call) => this.#tell(name, call),
        modelOpened: (...opening) => {
          this.#openings.push(opening);
          this.#profiler?.modelOpened(...opening);
        },
      },
    });
    return this.#suite;
  }

  /** Of a video's warnings those to tell the user: what concerns the suite is said once, not with every video. */
  untold(warnings: readonly string[]): string[] {
    const ofSuite = this.#suite?.notes ?? [];
    const untold = warnings.filter((sentence) => !this.#told.has(sentence) || !ofSuite.includes(sentence));
    for (const sentence of untold) this.#told.add(sentence);
    return untold;
  }

  /**
   * A call of a network that looks at frames side by side is also its stage's work; the frames only wait for it. Its
   * span stands for the frame that the network has got to.
   */
  #tell(name: string, call: ModelCall): void {
    const profiler = this.#profiler;
    if (profiler === null) return;
    const stage = this.#stageOf(name);
    if (stage === null) {
      profiler.model(name, call);
      return;
    }
    const perFrame = { 'action-units': FACES_PER_FRAME, landmarks: 1, detect: 0 }[stage];
    const items = (this.#items.get(stage) ?? 0) + call.items;
    this.#items.set(stage, items);
    // A detection is for the frame after those whose landmarks are known.
    const frame = perFrame === 0 ? (this.#items.get('landmarks') ?? 0) + 1 : Math.ceil(items / perFrame);
    const durationMs = call.preprocessMs + call.inferenceMs + call.postprocessMs;
    profiler.span(stage, call.endedAt - durationMs, durationMs, frame, workerLane(call.worker));
    profiler.model(name, call);
  }

  /** The stage that a call of a network is the work of; null where the stage measures itself. */
  #stageOf(name: string): 'action-units' | 'landmarks' | 'detect' | null {
    const job = this.#suite?.networks.find(({ source }) => source.name === name)?.job;
    if (job === 'action units') return this.#suite?.actionUnits.kind === 'network' ? 'action-units' : null;
    if (job === undefined || this.#suite?.landmarker.following.kind !== 'detections') return null;
    return job === 'detection' ? 'detect' : 'landmarks';
  }

  async close(): Promise<void> {
    await this.#suite?.close();
    this.#suite = null;
    this.#openings.length = 0;
  }
}
