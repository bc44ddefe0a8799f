import type { Colour } from './frame.js';

/** R'G'B' = y * (Y - yOffset) plus these times U - 128 and V - 128. */
export interface RgbWeights {
  readonly y: number;
  readonly yOffset: number;
  readonly rv: number;
  readonly gu: number;
  readonly gv: number;
  readonly bu: number;
}

const LUMA = { bt601: [0.299, 0.114], bt709: [0.2126, 0.0722], bt2020: [0.2627, 0.0593] } as const;

/** What red and blue count for in luma; green counts for the rest. */
export function lumaWeights(matrix: Colour['matrix']): readonly [red: number, blue: number] {
  return LUMA[matrix];
}

/** The weights of Y'CbCr to R'G'B' on 8-bit values (ITU-R BT.601-7, BT.709-6, BT.2020-2, each section 3). */
export function rgbWeights({ matrix, range }: Colour): RgbWeights {
  const [kr, kb] = LUMA[matrix];
  const kg = 1 - kr - kb;
  const luma = range === 'limited' ? 255 / 219 : 1;
  const chroma = range === 'limited' ? 255 / 224 : 1;
  return {
    y: luma,
    yOffset: range === 'limited' ? 16 : 0,
    rv: 2 * (1 - kr) * chroma,
    gu: (-2 * kb * (1 - kb) * chroma) / kg,
    gv: (-2 * kr * (1 - kr) * chroma) / kg,
    bu: 2 * (1 - kb) * chroma,
  };
}
