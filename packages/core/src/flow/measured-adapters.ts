import type { FaceDetector, Landmarker } from '../face/adapters.js';
import type { Profiler } from '../profile/profiler.js';

/** The adapters that find and follow the face. */
export interface FaceAdapters {
  readonly detector: FaceDetector;
  readonly landmarker: Landmarker;
}

/**
 * A suite's adapters, every call of which is measured as a span of its stage; but where frames are looked at side by
 * side a call mostly waits for the others: there the networks' own calls count.
 * @param frameNumber of the frame that is being looked at.
 */
export function measuredAdapters(adapters: FaceAdapters, profiler: Profiler, frameNumber: () => number): FaceAdapters {
  const { detector, landmarker } = adapters;
  const { following } = landmarker;
  if (following.kind === 'detections') return adapters;
  const measured = async <T>(stage: 'detect' | 'landmarks', task: () => Promise<T>): Promise<T> => {
    const startedAt = profiler.begin();
    const found = await task();
    profiler.end(stage, startedAt, frameNumber(), 'face');
    return found;
  };
  return {
    detector: {
      hasThorough: detector.hasThorough,
      detect: (frame, search, near) => measured('detect', () => detector.detect(frame, search, near)),
      detectTurned: (frame, turn) => measured('detect', async () => (await detector.detectTurned?.(frame, turn)) ?? []),
      regionOfInterest: (last, found) => detector.regionOfInterest?.(last, found) ?? null,
    },
    landmarker: {
      following: {
        ...following,
        lookAgain: (frame, region, look) => measured('landmarks', () => following.lookAgain(frame, region, look)),
      },
      regionOf: (detection) => landmarker.regionOf(detection),
      observe: (frame, region) => measured('landmarks', () => landmarker.observe(frame, region)),
    },
  };
}
