import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FaceDetector, FaceRegion, Landmarker } from '../../src/face/adapters.js';
import type { Detection, FaceObservation } from '../../src/face/observation.js';
import { Tracker } from '../../src/face/tracker.js';
import type { Frame } from '../../src/frames/frame.js';

const FRAMES = 40;
const LOST_FROM = 20;
const LOST_TO = 24;
const frameOf = (number: number): Frame => ({ offset: number }) as Frame;

/** A face that moves a pixel a frame, and is away for some frames. */
const detector: FaceDetector = {
  hasThorough: false,
  detect: ({ offset }) => {
    const face: Detection = { box: { x: offset, y: 0, width: 100, height: 100 }, score: 0.9, keypoints: [] };
    return Promise.resolve(offset >= LOST_FROM && offset < LOST_TO ? [] : [face]);
  },
};

/** Says in which order frames come to an end, and how many are under way at most. */
class SlowLandmarker implements Landmarker {
  readonly #wait: (frame: number) => number;
  mostUnderWay = 0;
  #underWay = 0;
  readonly heard: number[] = [];

  constructor(wait: (frame: number) => number) {
    this.#wait = wait;
  }

  /** Grows with what it hears, so that hearing of other frames at other times would show. */
  readonly following: Landmarker['following'] = {
    kind: 'detections',
    newInterval: () => ({
      observe: ({ confidence }) => this.heard.push(confidence),
      detected: () => 1 + (this.heard.length % 5),
    }),
  };

  regionOf({ box }: Detection): FaceRegion {
    return { centre: { x: box.x, y: 0 }, width: 1, height: 1, angle: 0 };
  }

  async observe({ offset }: Frame, { centre }: FaceRegion): Promise<FaceObservation | null> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay);
    await delay(this.#wait(offset));
    this.#underWay--;
    return {
      box: { x: centre.x, y: 0, width: 1, height: 1 },
      confidence: offset,
      landmarks: { topology: 'wflw-98', points: new Float32Array(0) },
      blendshapes: null,
    };
  }
}

async function follow(
  landmarker: SlowLandmarker,
  atOnce: number,
): Promise<{ regions: (number | null)[]; tracker: Tracker }> {
  const tracker = new Tracker({ detector, landmarker });
  const seen: Promise<FaceObservation | null>[] = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    if (frame >= atOnce) await seen[frame - atOnce];
    seen.push(tracker.next(frameOf(frame)));
  }
  return { regions: (await Promise.all(seen)).map((face) => face?.box.x ?? null), tracker };
}

describe('a face that is followed by detections', () => {
  it('is looked for in the same places, however many frames are under way and in whatever order they end', async () => {
    const one = new SlowLandmarker(() => 0);
    const many = new SlowLandmarker((frame) => (frame % 3 === 0 ? 12 : frame % 2));
    const [alone, together] = [await follow(one, 1), await follow(many, 11)];
    expect(one.mostUnderWay).toBe(1);
    expect(many.mostUnderWay).toBeGreaterThan(4);
    expect(together.regions).toEqual(alone.regions);
    // Frames between two detections share a region.
    expect(new Set(alone.regions.slice(0, LOST_FROM)).size).toBeLessThan(LOST_FROM);
    expect(many.heard).toEqual(one.heard);
    expect(one.heard).toEqual(one.heard.toSorted((a, b) => a - b));
  });

  it('is looked for in every frame once the next detection finds it gone, until it is back', async () => {
    const { regions, tracker } = await follow(new SlowLandmarker(() => 0), 4);
    expect(regions.slice(LOST_TO - 1, LOST_TO + 1)).toEqual([null, LOST_TO]);
    expect(tracker.counts.frames).toBe(FRAMES);
    expect(tracker.counts.framesWithFace).toBe(regions.filter((region) => region !== null).length);
    expect(tracker.counts.quickSearches).toBeLessThan(FRAMES);
  });

  it('fails with what its landmarks failed with, for that frame alone', async () => {
    const landmarker = new SlowLandmarker(() => 0);
    const broken: Landmarker = {
      following: landmarker.following,
      regionOf: (detection) => landmarker.regionOf(detection),
      observe: (frame, region) =>
        frame.offset === 1 ? Promise.reject(new Error('worker lost')) : landmarker.observe(frame, region),
    };
    const tracker = new Tracker({ detector, landmarker: broken });
    const outcomes = await Promise.allSettled([0, 1, 2].map((frame) => tracker.next(frameOf(frame))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
