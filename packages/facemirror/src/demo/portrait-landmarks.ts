/**
 * Places in the portrait (assets/astronaut.png, 512 x 512), in its pixels, pixel centres at integers: read off by
 * MediaPipe's face landmarker. `right` and `left` are the sitter's.
 */
export type Curve = readonly (readonly [x: number, y: number])[];

/** Margins of the lids from the image's left to its right. */
export const LIDS: Readonly<Record<'right' | 'left', { readonly upper: Curve; readonly lower: Curve }>> = {
  right: {
    upper: [
      [195.3, 100.6],
      [196.1, 99.9],
      [197.2, 99.1],
      [199.2, 98.2],
      [202.6, 97.8],
      [206.1, 98.4],
      [209.7, 100.1],
      [212.4, 102.3],
      [213.6, 103.6],
    ],
    lower: [
      [195.3, 100.6],
      [196.8, 101.9],
      [198.3, 102.9],
      [200.7, 103.7],
      [204.2, 104.2],
      [207.6, 104.0],
      [210.8, 103.8],
      [212.8, 103.8],
      [213.6, 103.6],
    ],
  },
  left: {
    upper: [
      [236.4, 104.9],
      [237.8, 103.6],
      [240.6, 101.7],
      [244.3, 100.3],
      [248.1, 100.2],
      [251.5, 101.0],
      [253.5, 102.2],
      [254.6, 103.1],
      [255.3, 103.8],
    ],
    lower: [
      [236.4, 104.9],
      [237.3, 105.1],
      [239.2, 105.4],
      [242.3, 106.0],
      [245.9, 106.5],
      [249.4, 106.4],
      [252.0, 105.9],
      [253.7, 105.0],
      [255.3, 103.8],
    ],
  },
};

/** Middles of the brows from the image's left to its right. */
export const BROWS: Readonly<Record<'right' | 'left', Curve>> = {
  right: [
    [188.9, 91.2],
    [192.5, 89.1],
    [198.1, 88.0],
    [205.9, 88.9],
    [215.7, 91.3],
  ],
  left: [
    [235.2, 92.3],
    [245.5, 90.9],
    [253.5, 90.7],
    [259.2, 92.5],
    [262.7, 95.3],
  ],
};

/** The height of a curve at x, straight between its points; null beyond its ends. */
export function heightAt(curve: Curve, x: number): number | null {
  for (let i = 1; i < curve.length; i++) {
    const [x0, y0] = curve[i - 1] ?? [NaN, NaN];
    const [x1, y1] = curve[i] ?? [NaN, NaN];
    if (x >= x0 && x <= x1) return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
  }
  return null;
}
