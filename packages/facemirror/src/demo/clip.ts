import { toRadians } from 'facemirror-core/arithmetic.js';
import type { Point } from 'facemirror-core/face/observation.js';
import type { Colour, Frame } from 'facemirror-core/frames/frame.js';
import { drawMapped } from './draw-mapped.js';
import { DEMO_FRAMES, DEMO_RATE, movementsAt, swayAt, type Sway } from './motion.js';
import { portraitPicture, type Picture } from './portrait.js';
import { movementWarp, relaxedWarp, type Movements } from './warp.js';

/** What a demo frame must be like. */
export const DEMO_FORMAT: {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly frames: number;
  readonly colour: Colour;
} = {
  width: 480,
  height: 640,
  framesPerSecond: DEMO_RATE,
  frames: DEMO_FRAMES,
  colour: { matrix: 'bt709', range: 'limited' },
};

/** Pixels of a frame for one of the portrait. */
const SCALE = 2;
/** The part of the portrait that is drawn from; more than a frame shows, so that swaying does not bare an edge. */
const CUT = { left: 73, top: 0, width: 300, height: 350 };
/** The portrait's left edge of a frame without sway. */
const VIEW_LEFT = 103;
/** The middle of the face, about which it sways, in the portrait. */
const PIVOT: Point = { x: 223.5, y: 122 };
/** Around everything that moves in the face, in the portrait: left, top, right, bottom. */
const FACE = [150, 40, 300, 190] as const;

/** A place of the portrait in a frame without sway. */
function toView({ x, y }: Point): Point {
  return { x: (x + 0.5 - VIEW_LEFT) * SCALE - 0.5, y: (y + 0.5) * SCALE - 0.5 };
}

/** Where a frame shows a place of the portrait, movements of the face left aside; pixels of the frame. */
export function placeInFrame(place: Point, sway: Sway): Point {
  const pivot = toView(PIVOT);
  const { x, y } = toView(place);
  const { cos, sin } = cosSin(sway);
  return {
    x: pivot.x + sway.x + cos * (x - pivot.x) - sin * (y - pivot.y),
    y: pivot.y + sway.y + sin * (x - pivot.x) + cos * (y - pivot.y),
  };
}

/** Draws the demo clip: the portrait, relaxed, with the known movements and sway. */
export class DemoClip {
  readonly #base: Picture = portraitPicture(CUT, SCALE, relaxedWarp());

  /** Where in the picture each pixel of the frame being drawn comes from. */
  readonly #fromX = new Float32Array(DEMO_FORMAT.width * DEMO_FORMAT.height);
  readonly #fromY = new Float32Array(DEMO_FORMAT.width * DEMO_FORMAT.height);

  /**
   * Draws one frame.
   *
   * @param index from 0, below `DEMO_FORMAT.frames`
   * @param frame to draw into, of the size and colour of `DEMO_FORMAT`
   */
  draw(index: number, frame: Frame): void {
    const seconds = index / DEMO_RATE;
    const sway = swayAt(seconds);
    this.#mapFrame(sway, movementsAt(seconds));
    drawMapped(
      this.#base,
      { x: this.#fromX, y: this.#fromY, dark: null, width: DEMO_FORMAT.width, ...cosSin(sway) },
      frame,
    );
  }

  #mapFrame(sway: Sway, movements: Movements): void {
    const { width, height } = DEMO_FORMAT;
    const warp = Object.values(movements).some((intensity) => intensity > 0) ? movementWarp(movements) : null;
    const pivot = toView(PIVOT);
    const { cos, sin } = cosSin(sway);
    const [left, top, right, bottom] = FACE;
    for (let row = 0; row < height; row++) {
      const v = row - pivot.y - sway.y;
      for (let column = 0; column < width; column++) {
        const u = column - pivot.x - sway.x;
        let x = (pivot.x + cos * u + sin * v + 0.5) / SCALE - 0.5 + VIEW_LEFT;
        let y = (pivot.y - sin * u + cos * v + 0.5) / SCALE - 0.5;
        if (warp !== null && x > left && x < right && y > top && y < bottom) [x, y] = warp(x, y);
        this.#fromX[row * width + column] = (x + 0.5 - CUT.left) * SCALE - 0.5;
        this.#fromY[row * width + column] = (y + 0.5 - CUT.top) * SCALE - 0.5;
      }
    }
  }
}

function cosSin({ angle }: Sway): { readonly cos: number; readonly sin: number } {
  return { cos: Math.cos(toRadians(angle)), sin: Math.sin(toRadians(angle)) };
}
