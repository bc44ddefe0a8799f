/** The same work for Node and for a browser: mirrors a frame, measures a face, analyses a model. Bundled for both. */
import { ExpressionAnalysis } from 'facemirror-core/action-units/analysis.js';
import { actionUnitTable, measuresTable } from 'facemirror-core/action-units/table.js';
import type { FaceObservation } from 'facemirror-core/face/observation.js';
import { framePlanes } from 'facemirror-core/frames/frame.js';
import { provideKernels } from 'facemirror-core/frames/kernels.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { mirrorFrame } from 'facemirror-core/mirror/mirror-frame.js';
import { analyseGraph, coverageHtml, coverageJson, parseModel, randomNumbers } from 'onnx-lens/graph';

export interface Given {
  readonly kernels: Readonly<Record<'frames' | 'mirror', Uint8Array<ArrayBuffer>>>;
  /** x, y, z triples of 478 landmarks. */
  readonly landmarks: readonly number[];
  readonly model: Uint8Array;
}

/** Hashes of what was made, by name; the same everywhere. */
export async function work({ kernels, landmarks, model }: Given): Promise<Record<string, string>> {
  provideKernels({ module: (folder) => new WebAssembly.Module(kernels[folder]), isWorker: false });
  const pool = new FramePool({ width: 320, height: 240, colour: { matrix: 'bt709', range: 'limited' }, capacity: 3 });
  const [source, left, right] = await pool.acquireMany(3);
  if (source === undefined || left === undefined || right === undefined) throw new Error('The pool is too small.');
  const random = randomNumbers(1);
  for (const plane of Object.values(framePlanes(source)))
    for (let place = 0; place < plane.length; place++) plane[place] = random() * 256;
  mirrorFrame(source, { left, right }, { glabella: { x: 158.3, y: 60 }, chin: { x: 163.1, y: 190.5 } }, 'normal');

  const observed = (shift: number): FaceObservation => ({
    box: { x: 100, y: 60, width: 120, height: 150 },
    confidence: 0.9,
    landmarks: {
      topology: 'mediapipe-478',
      points: Float32Array.from(landmarks, (value, place) => value + (place < 300 ? shift : 0)),
    },
    blendshapes: null,
  });
  const analysis = new ExpressionAnalysis(
    { neutral: { kind: 'calmest-second' }, camera: 'normal', iris: true },
    () => new MemoryStore(),
  );
  for (let frame = 0; frame < 60; frame++) analysis.add(frame + 1, frame / 30, observed(frame < 40 ? 0 : frame / 20));
  const tables = analysis.finish();
  const coverage = analyseGraph(parseModel(model), { provider: 'coreml', format: 'mlprogram', name: 'model' });
  return {
    left: await hash(concatenated(Object.values(framePlanes(left)))),
    right: await hash(concatenated(Object.values(framePlanes(right)))),
    units: await hash(
      text([...actionUnitTable(tables.actionUnits('left')), ...actionUnitTable(tables.actionUnits('right'))]),
    ),
    measures: await hash(text(measuresTable(tables.measureColumns, tables.measures()))),
    coverage: await hash(new TextEncoder().encode(JSON.stringify(coverageJson(coverage)))),
    page: await hash(new TextEncoder().encode(coverageHtml(coverage))),
    partitions: String(coverage.partitions.length),
  };
}

class MemoryStore {
  readonly #records: Float64Array[] = [];

  append(record: Float64Array): void {
    this.#records.push(record.slice());
  }

  records(): Iterable<Float64Array> {
    return this.#records;
  }

  close(): void {
    this.#records.length = 0;
  }
}

function text(lines: Iterable<string>): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode([...lines].join(''));
}

function concatenated(planes: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(planes.flatMap((plane) => [...plane]));
}

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
