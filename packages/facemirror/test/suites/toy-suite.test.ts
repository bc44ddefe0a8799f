import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FaceObservation, Point } from 'facemirror-core/face/observation.js';
import { parseSettings } from 'facemirror-core/settings/settings.js';
import type { Suite } from 'facemirror-core/suites/suite.js';
import { hashFile } from '../../src/files/hash.js';
import { UNMEASURED } from '../../src/performance/measure/profiler.js';
import { runVideo } from '../../src/pipeline/run-video.js';
import { OutputSet } from '../../src/results/outputs.js';
import { writeDemoPart } from '../video/demo-part.js';

const { points } = JSON.parse(
  readFileSync(new URL('../../../core/test/action-units/portrait-landmarks.json', import.meta.url), 'utf8'),
) as { points: number[] };

/** A suite of three lines' worth of computing: the face is where the portrait's is, whatever the frame shows. */
function toySuite(): Suite {
  const landmarks = { topology: 'mediapipe-478', points: Float32Array.from(points) } as const;
  const box = { x: 250, y: 100, width: 400, height: 500 };
  const seen: FaceObservation = { box, confidence: 0.9, landmarks, blendshapes: null };
  const centre: Point = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const region = { centre, width: box.width, height: box.height, angle: 0 };
  return {
    manifest: { name: 'mediapipe', title: 'A toy', topology: 'mediapipe-478', files: [], licenceToAccept: null },
    detector: { hasThorough: false, detect: () => Promise.resolve([{ box, score: 0.9, keypoints: [] }]) },
    landmarker: {
      regionOf: () => region,
      observe: () => Promise.resolve(seen),
      following: {
        kind: 'landmarks',
        nextRegion: () => region,
        furtherLooks: 0,
        lookAgain: () => Promise.resolve(null),
      },
    },
    actionUnits: { kind: 'observation' },
    models: [],
    networks: [],
    inference: {
      provider: 'cpu',
      providerReason: null,
      providerMissed: null,
      workers: 1,
      workersReason: 'a toy needs no more',
      threads: 1,
      predictedWorkerBytes: 0,
      predictedWorkersBytes: 0,
      workersMemory: () => ({ allBytes: 0, furtherBytes: null }),
      framesUnderWay: null,
    },
    notes: ['This is a toy.'],
    close: () => Promise.resolve(),
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a suite is what implements the interface: detector, landmarker, where action units come from', async () => {
  const path = join(folder, 'clip.mp4');
  await writeDemoPart(path, { first: 0, frames: 12 });
  const outputs = await OutputSet.open(folder, 'clip');
  const { signal } = new AbortController();
  const record = await runVideo({
    file: { path, stem: 'clip' },
    hash: await hashFile(path, signal),
    settings: parseSettings({ audio: false }),
    suite: toySuite(),
    outputs,
    profiler: UNMEASURED,
    signal,
    version: 'test',
    cores: 1,
    videosAtOnce: () => 1,
    onOpened: () => undefined,
    onFrame: () => undefined,
    onNetwork: () => undefined,
  });
  await outputs.publish();
  expect(record.suite.title).toBe('A toy');
  expect(record.frames).toMatchObject({ read: 12, withFace: 12 });
  const rows = (await readFile(join(folder, 'clip_measures.csv'), 'utf8')).trim().split('\n');
  expect(rows).toHaveLength(13);
});
