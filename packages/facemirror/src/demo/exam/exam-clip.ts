import { toRadians } from 'facemirror-core/arithmetic.js';
import type { Colour, Frame } from 'facemirror-core/frames/frame.js';
import { drawMapped } from '../draw-mapped.js';
import type { ExamPortrait } from './exam-face.js';
import { EXAM_SECONDS, examMovementsAt, type ExamVariant } from './exam-timeline.js';
import { WarpField } from './warp-field.js';

/** How an exam clip is made. */
export interface ExamClipOptions {
  readonly portrait: ExamPortrait;
  readonly variant: ExamVariant;
  readonly framesPerSecond: number;
}

/** Size and colour of the clip's frames. */
export const EXAM_FORMAT: { readonly width: number; readonly height: number; readonly colour: Colour } = {
  width: 480,
  height: 640,
  colour: { matrix: 'bt709', range: 'limited' },
};

/** How the head sways: shifted by pixels, turned by degrees about the middle between the eyes. */
function swayAt(seconds: number): { readonly x: number; readonly y: number; readonly angle: number } {
  const turn = 2 * Math.PI * seconds;
  return { x: 8 * Math.sin(turn / 5.3), y: 4 * Math.sin(turn / 3.7), angle: 2 * Math.sin(turn / 4.5) };
}

/** Draws the scripted examination. */
export class ExamClip {
  readonly frames: number;
  readonly #options: ExamClipOptions;
  readonly #field: WarpField;
  readonly #map = {
    x: new Float32Array(EXAM_FORMAT.width * EXAM_FORMAT.height),
    y: new Float32Array(EXAM_FORMAT.width * EXAM_FORMAT.height),
    dark: new Float32Array(EXAM_FORMAT.width * EXAM_FORMAT.height),
  };

  constructor(options: ExamClipOptions) {
    this.#options = options;
    this.#field = new WarpField(options.portrait);
    this.frames = Math.floor(EXAM_SECONDS * options.framesPerSecond);
  }

  /**
   * Draws one frame.
   * @param index from 0, below `frames`
   * @param frame to draw into, of the size and colour of `EXAM_FORMAT`
   */
  draw(index: number, frame: Frame): void {
    const seconds = index / this.#options.framesPerSecond;
    const { picture, face } = this.#options.portrait;
    const { width, height } = EXAM_FORMAT;
    const sway = swayAt(seconds);
    const [cos, sin] = [Math.cos(toRadians(sway.angle)), Math.sin(toRadians(sway.angle))];
    const field = this.#field;
    field.show(examMovementsAt(seconds, this.#options.variant));
    const pivot = face.toPicture([0, 0]);
    const [marginX, marginY] = [(picture.width - width) / 2, (picture.height - height) / 2];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const dx = column + marginX - pivot.x - sway.x;
        const dy = row + marginY - pivot.y - sway.y;
        const at = row * width + column;
        this.#map.x[at] = pivot.x + cos * dx + sin * dy;
        this.#map.y[at] = pivot.y - sin * dx + cos * dy;
      }
    }
    field.apply(this.#map);
    drawMapped(picture, { ...this.#map, width, cos, sin }, frame);
  }
}
