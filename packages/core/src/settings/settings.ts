import type { MeasuredFace } from '../action-units/description.js';
import type { NeutralChoice } from '../action-units/neutral-window.js';
import type { AffectedChoice } from '../examination/examination.js';
import type { Camera } from '../face/observation.js';
import type { FaceChoice } from '../face/search.js';
import type { Isolation, ProviderChoice } from '../inference/options.js';
import type { SuiteName } from '../suites/suite.js';
import type { EncoderChoice } from './encoders.js';

/** What changes the results: two runs with equal settings on the same file give the same tables. */
export interface ResultSettings {
  readonly suite: SuiteName;
  readonly neutral: NeutralChoice;
  /** `mirrored` for a selfie video that shows the patient as a mirror does. */
  readonly camera: Camera;
  readonly face: FaceChoice;
  /** What the measures and action units of a side are taken from. */
  readonly measure: MeasuredFace;
  /** Long side, in pixels, of what the suite's detector is shown of a frame; null for the suite's own. */
  readonly detectSide: number | null;
  /** Give distances in mm by the iris. */
  readonly iris: boolean;
  /** Which side is affected; `auto` guesses. */
  readonly affected: AffectedChoice;
  /** The user's movements as text, see `parseMovements`; null to propose them. */
  readonly movements: { readonly file: string; readonly text: string } | null;
  /** Write the table of landmarks. */
  readonly landmarks: boolean;
  readonly debugVideo: boolean;
  readonly audio: boolean;
  readonly encoder: EncoderChoice;
  /** x264's constant rate factor, 0 (lossless) to 51. */
  readonly quality: number;
}

/** How a run is carried out; results do not depend on it, but for the last bits of another provider's arithmetic. */
export interface RunSettings extends ResultSettings {
  readonly provider: ProviderChoice;
  /** Threads that run networks side by side. */
  readonly workers: number | 'auto';
  readonly isolation: Isolation;
  /** Frames that a network is given in one run, in suites that can; 1 or more, or as measured on this machine. */
  readonly batch: number | 'auto';
  /** Videos that are worked on at once; `auto`: one more whenever cores stay idle. */
  readonly jobs: number | 'auto';
  /** Measure the run. */
  readonly profile: boolean;
  /** Write the performance report of each video. */
  readonly report: boolean;
  /** Where to write a Chrome trace of the run, or null. */
  readonly trace: string | null;
  /** Folder of the user's own model files, or null. */
  readonly modelsFolder: string | null;
  /** Write the outputs of a video in which no face was found, too: its pictures as they are, empty tables. */
  readonly allowNoFace: boolean;
  /** Process again what is done already. */
  readonly force: boolean;
}

/** The settings that results depend on, as the record of a run keeps them. */
export function resultSettings(settings: RunSettings): ResultSettings {
  const {
    suite,
    neutral,
    camera,
    face,
    measure,
    detectSide,
    iris,
    affected,
    movements,
    landmarks,
    debugVideo,
    audio,
    encoder,
    quality,
  } = settings;
  return {
    suite,
    neutral,
    camera,
    face,
    measure,
    detectSide,
    iris,
    affected,
    movements,
    landmarks,
    debugVideo,
    audio,
    encoder,
    quality,
  };
}
