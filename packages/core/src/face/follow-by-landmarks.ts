import type { Frame } from '../frames/frame.js';
import { QUARTER_TURNS, type FaceRegion, type Following, type Landmarker } from './adapters.js';
import { LandmarkBalance } from './balance.js';
import type { Follower, Observing } from './follower.js';
import type { Box, Detection, FaceObservation } from './observation.js';
import { area, chooseFace, type FaceChoice, type FaceSearch } from './search.js';

/** A face, and the region in which it was seen. */
interface Seen {
  readonly face: FaceObservation;
  readonly region: FaceRegion;
}

/** Detections of one search that the landmarker is asked about. */
const MOST_CANDIDATES = 8;

/** Presence scores are 1 less so much for a face that is seen the right way up and clearly; odds of e^20. */
const SURE = Math.exp(-20);
/** A turned face where no upright one was found must be so sure. */
const SURE_TURNED = Math.exp(-14);
/** A turned face must be this many times surer than an upright one. */
const MUCH_SURER = Math.exp(-4);

/**
 * Detection, landmarks, then landmarks in the region of the last ones for as long as they show a face, then detection
 * again. One frame at a time: each one's region comes from the frame before.
 */
export class FollowByLandmarks implements Follower {
  readonly #search: FaceSearch;
  readonly #landmarker: Landmarker;
  readonly #following: Extract<Following, { kind: 'landmarks' }>;
  readonly #choice: FaceChoice;
  readonly #balance: LandmarkBalance;
  /** The last frame's face as the network saw it. */
  #last: FaceObservation | null = null;

  constructor(
    search: FaceSearch,
    landmarker: Landmarker,
    following: Extract<Following, { kind: 'landmarks' }>,
    choice: FaceChoice,
  ) {
    this.#search = search;
    this.#landmarker = landmarker;
    this.#following = following;
    this.#choice = choice;
    this.#balance = new LandmarkBalance(following);
  }

  async follow(frame: Frame): Promise<Observing> {
    const seen = (this.#last === null ? null : await this.#track(frame, this.#last)) ?? (await this.#find(frame));
    this.#search.seen(seen !== null);
    this.#last = seen?.face ?? null;
    return { face: Promise.resolve(seen && (await this.#balance.balanced(frame, seen.region, seen.face))) };
  }

  /** Looks where the last face says. */
  async #track(frame: Frame, last: FaceObservation): Promise<Seen | null> {
    const region = this.#following.nextRegion(last);
    const face = await this.#landmarker.observe(frame, region);
    return face && { face, region };
  }

  /** Searches, and looks once more where the landmarks say, as every frame hereafter is looked at. */
  async #find(frame: Frame): Promise<Seen | null> {
    const searches = this.#search.counts.thoroughSearches;
    const upright = await this.#observeFound(
      frame,
      await this.#search.run(frame, (detections) => this.#observeChosen(frame, detections)),
    );
    const wasThorough = this.#search.counts.thoroughSearches > searches;
    if (upright === null ? !wasThorough : doubt(upright) < SURE) return upright;
    return this.#findTurned(frame, upright);
  }

  /**
   * Where an upright face is doubtful, or none was found: the face by which the frame makes more sense turned. A face
   * upside down is taken for an upright one, its mouth for its brows, with a presence score that is thousands of times
   * less sure (odds of e^6 to e^14 against e^20 to e^33 for the face the right way up).
   */
  async #findTurned(frame: Frame, upright: Seen | null): Promise<Seen | null> {
    let best = upright;
    let most = upright === null ? SURE_TURNED : doubt(upright) * MUCH_SURER;
    for (const turn of QUARTER_TURNS) {
      const detections = (await this.#search.turned(frame, turn)) ?? [];
      const found = await this.#observeFound(frame, await this.#observeChosen(frame, detections));
      if (found === null || !(doubt(found) < most)) continue;
      best = found;
      most = doubt(found);
    }
    return best;
  }

  async #observeFound(frame: Frame, found: Seen | null): Promise<Seen | null> {
    return found && ((await this.#track(frame, found.face)) ?? found);
  }

  /** The chosen one of those detections that the landmarker finds to be faces. */
  async #observeChosen(frame: Frame, detections: readonly Detection[]): Promise<Seen | null> {
    const likely = [...detections].sort((a, b) => area(b) - area(a)).slice(0, MOST_CANDIDATES);
    const faces: (Seen & { readonly box: Box })[] = [];
    for (const detection of likely) {
      const region = this.#landmarker.regionOf(detection);
      const face = await this.#landmarker.observe(frame, region);
      if (face !== null && this.#choice === 'largest') return { face, region };
      if (face !== null) faces.push({ face, region, box: face.box });
    }
    this.#search.found(faces.length);
    return chooseFace(faces, this.#choice);
  }
}

function doubt({ face }: Seen): number {
  return 1 - face.confidence;
}
