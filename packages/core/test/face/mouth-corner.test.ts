import { expect, test } from 'vitest';
import type { FaceRegion } from '../../src/face/adapters.js';
import { MouthCorner } from '../../src/face/mouth-corner.js';
import type { MirroredFace, PictureHalf } from '../../src/face/observation.js';
import { axesOf } from '../../src/face/region-axes.js';
import { framePlanes, type Frame } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';

/** Two pixels to the millimetre. */
const PIXELS = 2;
const REGION: FaceRegion = {
  centre: { x: 300, y: 250 },
  width: 4.2 * 63 * PIXELS,
  height: 4.2 * 63 * PIXELS,
  angle: 12,
};
const [COS, SIN] = axesOf(REGION);
/** The corner at rest, in mm outwards from the midline and below the region's middle. */
const REST = { out: 26, down: 30 };
interface Movement {
  readonly out: number;
  readonly down: number;
}

/** A picture whose look about the corner has moved by so much, in mm. */
async function pictureOf(half: PictureHalf, by: Movement, look: (out: number, down: number) => number): Promise<Frame> {
  const colour = { matrix: 'bt709', range: 'full' } as const;
  const frame = await new FramePool({ width: 600, height: 500, colour, capacity: 1 }).acquire();
  const { y: luma } = framePlanes(frame);
  for (let y = 0; y < 500; y++)
    for (let x = 0; x < 600; x++) {
      const [right, below] = [x - REGION.centre.x, y - REGION.centre.y];
      const across = (right * COS + below * SIN) / PIXELS;
      const down = (below * COS - right * SIN) / PIXELS;
      luma[y * frame.layout.yStride + x] = look((half === 'right' ? across : -across) - by.out, down - by.down);
    }
  return frame;
}

/** A lip that ends at the corner, under a shaded cheek. */
function corner(out: number, down: number): number {
  const lip = Math.exp(-(((down - REST.down) / 3) ** 2)) / (1 + Math.exp((out - REST.out) / 1.5));
  return 150 - 70 * lip + 2 * Math.sin(out / 3) + down / 5;
}

/** An even face on which a network sees the corner moved by so much; all other landmarks lie on the midline. */
function faceSeen(by: Movement): MirroredFace {
  const points = new Float32Array(3 * 478);
  for (let point = 0; point < 478; point++) {
    const sign = point === 291 ? 1 : point === 61 ? -1 : 0;
    const across = PIXELS * sign * (REST.out + by.out);
    const down = PIXELS * (REST.down + by.down);
    points[3 * point] = REGION.centre.x + across * COS - down * SIN;
    points[3 * point + 1] = REGION.centre.y + across * SIN + down * COS;
  }
  return { landmarks: { topology: 'mediapipe-478', points }, blendshapes: null };
}

/** Where a landmark lies against the corner at rest, in mm outwards (of its half) and down. */
function placeOf({ landmarks: { points } }: MirroredFace, point: number): Movement {
  const right = (points[3 * point] ?? NaN) - REGION.centre.x;
  const below = (points[3 * point + 1] ?? NaN) - REGION.centre.y;
  const across = (right * COS + below * SIN) / PIXELS;
  return { out: Math.abs(across) - REST.out, down: (below * COS - right * SIN) / PIXELS - REST.down };
}

test.each(['left', 'right'] as const)(
  'a corner that a network sees move by half lies where the picture shows it (%s half)',
  async (half) => {
    const mouth = new MouthCorner(half);
    const still = { out: 0, down: 0 };
    mouth.placed(await pictureOf(half, still, corner), REGION, faceSeen(still));
    for (const truth of [still, { out: 4, down: -4 }, { out: -0.7, down: 5 }]) {
      const seen = faceSeen({ out: truth.out / 2, down: truth.down / 2 });
      const placed = mouth.placed(await pictureOf(half, truth, corner), REGION, seen);
      for (const point of [61, 291]) {
        expect(Math.abs(placeOf(placed, point).out - truth.out)).toBeLessThan(0.5);
        expect(Math.abs(placeOf(placed, point).down - truth.down)).toBeLessThan(0.5);
      }
      expect(placeOf(placed, 0).out, 'the midline stays').toBeCloseTo(-REST.out, 2);
    }
  },
);

test('a corner that has lost its usual look lies where the network says', async () => {
  const mouth = new MouthCorner('right');
  const still = { out: 0, down: 0 };
  mouth.placed(await pictureOf('right', still, corner), REGION, faceSeen(still));
  const seen = faceSeen({ out: 6, down: -5 });
  const teeth = (out: number, down: number): number => 120 + 60 * Math.sin(out) * Math.cos(down / 2);
  expect(mouth.placed(await pictureOf('right', still, teeth), REGION, seen)).toBe(seen);
  const flat = (): number => 90;
  expect(mouth.placed(await pictureOf('right', still, flat), REGION, seen)).toBe(seen);
});
