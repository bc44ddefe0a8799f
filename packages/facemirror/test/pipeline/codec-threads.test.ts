import { describe, expect, it } from 'vitest';
import { planBudget } from '../../src/inference/budget.js';
import { planCodecThreads } from '../../src/pipeline/codec-threads.js';

const ENCODERS = 3;
/** As the two suites plan their workers: mediapipe one run at a time, openface3 up to eight of up to four threads. */
const SUITES = {
  mediapipe: { usefulWorkers: 1, usefulThreads: 1, inferenceShare: 1 },
  openface3: { usefulWorkers: 8, usefulThreads: 4, inferenceShare: 0.9 },
} as const;
const WORKER_BYTES = 170e6;

function threadsOn(
  suite: keyof typeof SUITES,
  cores: number,
  gigabytes: number,
): { workers: number; networks: number; decoder: number; encoder: number; all: number } {
  const { workers, threadsPerRun } = planBudget({
    requested: 'auto',
    cores,
    availableBytes: gigabytes * 1e9,
    workerBytes: WORKER_BYTES,
    sharedBytes: 28e6,
    baseBytes: 220e6,
    ...SUITES[suite],
  });
  const networks = workers * threadsPerRun;
  const { decoder, encoder } = planCodecThreads(cores, networks, ENCODERS);
  return { workers, networks, decoder, encoder, all: networks + 1 + decoder + ENCODERS * encoder };
}

describe.each(['mediapipe', 'openface3'] as const)('the threads of a run of %s', (suite) => {
  it.each([1, 2, 4, 8, 16, 64].flatMap((cores) => [2, 8, 64].map((gigabytes) => [cores, gigabytes] as const)))(
    'are about as many as %d cores, with %d GB',
    (cores, gigabytes) => {
      const { networks, decoder, encoder, all } = threadsOn(suite, cores, gigabytes);
      expect(Math.min(networks, decoder, encoder)).toBeGreaterThanOrEqual(1);
      expect(networks).toBeLessThanOrEqual(cores);
      // One of each kind there must be: networks, drawing, the decoder and the three encoders.
      expect(all).toBeLessThanOrEqual(Math.max(6, cores + 5));
    },
  );
});

describe('the threads that FFmpeg gets', () => {
  it('are one each on a machine of two cores', () => {
    expect(planCodecThreads(2, 1, ENCODERS)).toEqual({ decoder: 1, encoder: 1 });
    expect(planCodecThreads(2, 2, ENCODERS)).toEqual({ decoder: 1, encoder: 1 });
  });

  it('grow with the cores that the networks leave, up to what codecs use well', () => {
    expect(planCodecThreads(8, 1, ENCODERS)).toEqual({ decoder: 1, encoder: 2 });
    expect(planCodecThreads(16, 1, ENCODERS)).toEqual({ decoder: 3, encoder: 4 });
    expect(planCodecThreads(16, 14, ENCODERS)).toEqual({ decoder: 1, encoder: 1 });
    expect(planCodecThreads(128, 1, ENCODERS)).toEqual({ decoder: 8, encoder: 8 });
  });
});
