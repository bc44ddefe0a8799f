import type { Point } from 'facemirror-core/face/observation.js';
import { DEMO_FORMAT, placeInFrame } from './clip.js';
import { DEMO_EVENTS, DEMO_RATE, movementsAt, swayAt, type DemoEvent, type Sway } from './motion.js';
import { FULL_MOVEMENT, type Movements } from './warp.js';

/**
 * Ends of the sitter's midline in the portrait: the means of what six see there, who differ by 1.1 pixels at the
 * glabella and 1.9 at the chin. They are the middle of the jaw's outline, and by their landmarks, averaged over the
 * picture and its mirror image so that neither side is favoured, MediaPipe's three nets (plain, attention, and
 * face_landmarker.task's), dlib's 68-point shape predictor and face-api's 68-point net.
 */
const GLABELLA: Point = { x: 225.3, y: 93.5 };
const CHIN: Point = { x: 221.05, y: 178.3 };

/** What one frame of the demo clip truly shows. */
export interface DemoTruthFrame extends Movements {
  /** Counts from 1. */
  readonly frame: number;
  /** Seconds. */
  readonly timestamp: number;
  /** In pixels of the frame. The movements of the face do not move it. */
  readonly midline: { readonly glabella: Point; readonly chin: Point };
  readonly sway: Sway;
}

/** The known motion of the demo clip, to be written beside it. */
export interface DemoTruth {
  readonly definition: Readonly<Record<string, unknown>>;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly events: readonly DemoEvent[];
  readonly frames: readonly DemoTruthFrame[];
}

/** Everything that the demo clip shows, by the same functions that draw it. */
export function demoTruth(): DemoTruth {
  return {
    definition: {
      portrait: 'assets/astronaut.png: Eileen Collins, NASA, public domain; relaxed (corners of the mouth lowered)',
      sides: "the sitter's own: smileRight is on the image's left",
      midline: 'from the glabella to the lowest point of the chin, in pixels of the frame, pixel centres at integers',
      sway: 'shift in pixels and turn in degrees, clockwise as seen, about the middle of the face',
      movements:
        '0 at rest to 1; at 1 skin is moved by fullMovement, in pixels of the portrait, x to the right, y down',
      fullMovement: FULL_MOVEMENT,
      events: 'seconds from the first frame; a movement comes, is held and goes between start and end',
    },
    width: DEMO_FORMAT.width,
    height: DEMO_FORMAT.height,
    framesPerSecond: DEMO_RATE,
    events: DEMO_EVENTS,
    frames: Array.from({ length: DEMO_FORMAT.frames }, (_, index) => {
      const timestamp = index / DEMO_RATE;
      const sway = swayAt(timestamp);
      return {
        frame: index + 1,
        timestamp,
        midline: { glabella: placeInFrame(GLABELLA, sway), chin: placeInFrame(CHIN, sway) },
        sway,
        ...movementsAt(timestamp),
      };
    }),
  };
}
