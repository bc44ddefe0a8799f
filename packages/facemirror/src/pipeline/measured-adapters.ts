import type { FaceDetector, Landmarker } from '../face/adapters.js';
import type { Profiler } from '../profile/profiler.js';

/** The adapters that find and follow the face. */
export interface FaceAdapters {
  readonly detector: FaceDetector;
  readonly landmarker: Landmarker;
}

/**
 * A suite's adapters, every call of which is measured as a span of its stage.
 * @param frameNumber of the frame that is being looked at.
 */
export function measuredAdapters({ detector, landmarker }: FaceAdapters, profiler: Profiler, frameNumber: () => number): FaceAdapters {
  return {
    detector: {
      hasThorough: detector.hasThorough,
      detect: async (frame, search) => {
        const startedAt = profiler.begin();
        const found = await detector.detect(frame, search);
        profiler.end('detect', startedAt, frameNumber(), 'face');
        return found;
      },
    },
    landmarker: {
      regionOf: (detection) => landmarker.regionOf(detection),
      nextRegion: (observation) => landmarker.nextRegion(observation),
      observe: async (frame, region) => {
        const startedAt = profiler.begin();
        const face = await landmarker.observe(frame, region);
        profiler.end('landmarks', startedAt, frameNumber(), 'face');
        return face;
      },
    },
  };
}
