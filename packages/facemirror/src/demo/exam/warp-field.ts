import type { Side } from 'facemirror-core/action-units/units.js';
import type { ExamPortrait } from './exam-face.js';
import type { SideMovements } from './exam-timeline.js';
import { examWarp } from './exam-warp.js';

/** Around everything that moves in the face, in mm from the middle between the eyes. */
const MOVING = { left: -75, right: 75, top: -60, bottom: 140 } as const;

/** The warp of what the face does, worked out for every pixel of the portrait only when it does something else. */
export class WarpField {
  readonly #portrait: ExamPortrait;
  readonly #shiftX: Float32Array;
  readonly #shiftY: Float32Array;
  readonly #dark: Float32Array;
  #shown = '';
  #isStill = true;

  constructor(portrait: ExamPortrait) {
    this.#portrait = portrait;
    const pixels = portrait.picture.width * portrait.picture.height;
    this.#shiftX = new Float32Array(pixels);
    this.#shiftY = new Float32Array(pixels);
    this.#dark = new Float32Array(pixels);
  }

  /** What the face is to do from now on. */
  show(moves: Readonly<Record<Side, SideMovements>>): void {
    const wanted = JSON.stringify(moves);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#isStill = [moves.left, moves.right].every((side) => Object.values(side).every((strength) => strength === 0));
    if (this.#isStill) return;
    const { picture, face } = this.#portrait;
    const warp = examWarp(face, moves);
    for (let y = 0; y < picture.height; y++) {
      for (let x = 0; x < picture.width; x++) {
        const at = y * picture.width + x;
        const [u, v] = face.toFace(x, y);
        if (!(u > MOVING.left && u < MOVING.right && v > MOVING.top && v < MOVING.bottom)) continue;
        const source = warp(u, v);
        const from = face.toPicture([source.u, source.v]);
        this.#shiftX[at] = from.x - x;
        this.#shiftY[at] = from.y - y;
        this.#dark[at] = source.dark;
      }
    }
  }

  /** Warps a map, in place: its places in the portrait become those that the warp takes their colour from. */
  apply(map: { readonly x: Float32Array; readonly y: Float32Array; readonly dark: Float32Array }): void {
    map.dark.fill(0);
    if (this.#isStill) return;
    const { width, height } = this.#portrait.picture;
    const sampled = (values: Float32Array, at: number, fx: number, fy: number): number => {
      const upper = (values[at] ?? 0) * (1 - fx) + (values[at + 1] ?? 0) * fx;
      const lower = (values[at + width] ?? 0) * (1 - fx) + (values[at + width + 1] ?? 0) * fx;
      return upper + (lower - upper) * fy;
    };
    for (let i = 0; i < map.x.length; i++) {
      const x = map.x[i] ?? 0;
      const y = map.y[i] ?? 0;
      const left = Math.floor(x);
      const top = Math.floor(y);
      if (left < 0 || top < 0 || left >= width - 1 || top >= height - 1) continue;
      const at = top * width + left;
      const fx = x - left;
      const fy = y - top;
      map.x[i] = x + sampled(this.#shiftX, at, fx, fy);
      map.y[i] = y + sampled(this.#shiftY, at, fx, fy);
      map.dark[i] = sampled(this.#dark, at, fx, fy);
    }
  }
}
