import type { FaceDetector, Landmarker } from '../face/adapters.js';
import type { Profiler } from '../profile/profiler.js';

/** The adapters that find and follow the face. */
export interface FaceAdapters {
  readonly detector: FaceDetector;
  readonly landmarker: Landmarker;
}

/**
 * A suite's adapters, every call of which is measured as a span of its stage; but for landmarks of frames that are looked
 * at side by side, which mostly wait for one another: there the network's own calls count.
 * @param frameNumber of the frame that is being looked at.
 */
export function measuredAdapters({ detector, landmarker }: FaceAdapters, profiler: Profiler, frameNumber: () => number): FaceAdapters {
  return {
    detector: {
      hasThorough: detector.hasThorough,
      detect: async (frame, search, near) => {
        const startedAt = profiler.begin();
        const found = await detector.detect(frame, search, near);
        profiler.end('detect', startedAt, frameNumber(), 'face');
        return found;
      },
      ...(detector.regionOfInterest === undefined ? {} : { regionOfInterest: (last, found) => detector.regionOfInterest?.(last, found) ?? null }),
    },
    landmarker: landmarker.following.kind === 'detections' ? landmarker : measuredLandmarker(landmarker, profiler, frameNumber),
  };
}

function measuredLandmarker(landmarker: Landmarker, profiler: Profiler, frameNumber: () => number): Landmarker {
  const measured = async <T>(look: () => Promise<T>): Promise<T> => {
    const startedAt = profiler.begin();
    const seen = await look();
    profiler.end('landmarks', startedAt, frameNumber(), 'face');
    return seen;
  };
  const { following } = landmarker;
  return {
    following:
      following.kind === 'detections'
        ? following
        : { ...following, lookAgain: (frame, region, look) => measured(() => following.lookAgain(frame, region, look)) },
    regionOf: (detection) => landmarker.regionOf(detection),
    observe: (frame, region) => measured(() => landmarker.observe(frame, region)),
  };
}
