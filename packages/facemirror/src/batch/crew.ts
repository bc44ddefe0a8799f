import { availableMemory } from '../machine/available-memory.js';
import { usableCores } from '../machine/usable-cores.js';
import type { NoticeWeight, WorkerUsage } from 'facemirror-core/inference/options.js';
import { megabytes } from '../wording.js';
import type { OnBatchEvent } from './events.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import { SuiteHolder } from './suite-holder.js';

/** What another video under way takes besides its networks: its frames, its decoder and its encoders. */
const VIDEO_BYTES = 200e6;

/** A video under way, and the most that were under way at once since it began. */
export interface UnderWay {
  most: number;
}

export interface CrewOptions {
  readonly settings: RunSettings;
  /** How many there are. */
  readonly videos: number;
  /** Cores that they may use together. Default all. */
  readonly cores?: number;
  readonly onEvent: OnBatchEvent;
  readonly onWorkerUsage?: (usage: WorkerUsage) => void;
}

/** Those who work on videos side by side: each has networks and a share of the cores of its own. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #hands: { readonly suites: SuiteHolder; readonly cores: number }[] = [];
  readonly #underWay = new Set<UnderWay>();
  readonly #told = new Set<string>();

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** The first is alone, unless a number was asked for; who comes later finds its share of the cores. */
  hand(number: number): { readonly suites: SuiteHolder; readonly cores: number } {
    const { settings, videos, cores: given, onWorkerUsage } = this.#options;
    const { jobs } = settings;
    const cores = Math.max(
      1,
      Math.floor((given ?? usableCores()) / (jobs === 'auto' ? number + 1 : Math.min(jobs, videos))),
    );
    return (this.#hands[number] ??= {
      suites: new SuiteHolder(
        settings,
        cores,
        {
          onNotice: (sentence, weight) => this.#tellOnce(sentence, weight),
          onWorkerUsage: (usage) => onWorkerUsage?.(usage),
        },
        this.#told,
      ),
      cores,
    });
  }

  /** Once the first one's networks are open, and where the memory holds another's. */
  hasRoomFor(hands: number): boolean {
    const open = this.#hands.flatMap(({ suites }) => suites.inference ?? []);
    const [inference] = open;
    // Who has begun but not opened its networks has not yet taken the memory that it will take.
    if (inference === undefined || open.length < this.#underWay.size) return false;
    const needed = VIDEO_BYTES + inference.workers * inference.predictedWorkerBytes;
    const available = availableMemory();
    if (available >= needed) return true;
    if (this.#options.settings.jobs !== 'auto') {
      this.#tellOnce(
        `The memory that is left does not hold ${hands} videos at once (another takes about ${megabytes(needed)}): the run goes on with ${hands - 1}.`,
      );
    }
    return false;
  }

  begin(): UnderWay {
    const begun: UnderWay = { most: 1 };
    this.#underWay.add(begun);
    for (const each of this.#underWay) each.most = Math.max(each.most, this.#underWay.size);
    return begun;
  }

  end(underWay: UnderWay): void {
    this.#underWay.delete(underWay);
  }

  async close(): Promise<void> {
    await Promise.all(this.#hands.map(({ suites }) => suites.close()));
  }

  #tellOnce(sentence: string, weight: NoticeWeight = 'note'): void {
    if (this.#told.has(sentence)) return;
    this.#told.add(sentence);
    this.#options.onEvent({ kind: 'notice', path: null, sentence, weight });
  }
}
