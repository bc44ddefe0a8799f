import type { Frame } from '../../frames/frame.js';
import type { NetworkRunner } from '../../inference/network-runner.js';
import type { FaceDetector, FaceRegion, QuarterTurn, Search } from '../../face/adapters.js';
import type { Detection, Point } from '../../face/observation.js';
import {
  anchorCentres,
  decodeFaces,
  FULL_RANGE,
  mergeFaces,
  SHORT_RANGE,
  type BlazeFaceSpec,
  type RawFace,
} from './blazeface.js';
import { fromRegion, regionCrop, type Sampling } from './region.js';

/** Names of the nets in the pool. */
export const SHORT_RANGE_MODEL = 'face-detector-short-range';
export const FULL_RANGE_MODEL = 'face-detector-full-range';

const QUICK_THRESHOLD = 0.5;
/** The full-range net's own graph asks for 0.6; here the landmark net's presence score judges what is found, too. */
const THOROUGH_THRESHOLD = 0.5;
/** The face landmarker's own detector merges at 0.5, the separate detector at 0.3. */
const MERGE_OVERLAP = 0.5;
/** Squares of the thorough search overlap by half, so that a face on the edge of one lies well inside the next. */
const TILE_STEP = 0.5;

/**
 * Finds faces with BlazeFace: the short-range net over the whole frame, and where asked the full-range net in tiles.
 */
export class MediaPipeDetector implements FaceDetector {
  readonly hasThorough: boolean;
  readonly #pool: NetworkRunner;
  readonly #sampling: Sampling;
  readonly #anchors = { short: anchorCentres(SHORT_RANGE), full: anchorCentres(FULL_RANGE) };

  constructor(pool: NetworkRunner, options: { readonly hasFullRange: boolean; readonly sampling: Sampling }) {
    this.#pool = pool;
    this.hasThorough = options.hasFullRange;
    this.#sampling = options.sampling;
  }

  async detect(frame: Frame, search: Search): Promise<readonly Detection[]> {
    if (search === 'quick' || !this.hasThorough) {
      return this.#quick(frame, wholeFrame(frame));
    }
    const faces: RawFace[] = [];
    for (const region of tiles(frame)) {
      faces.push(
        ...(await this.#facesIn(frame, region, FULL_RANGE_MODEL, FULL_RANGE, this.#anchors.full, THOROUGH_THRESHOLD)),
      );
    }
    return mergeFaces(faces, MERGE_OVERLAP).map(toDetection);
  }

  async detectTurned(frame: Frame, turn: QuarterTurn): Promise<readonly Detection[]> {
    return this.#quick(frame, { ...wholeFrame(frame), angle: turn });
  }

  async #quick(frame: Frame, region: FaceRegion): Promise<readonly Detection[]> {
    const faces = await this.#facesIn(
      frame,
      region,
      SHORT_RANGE_MODEL,
      SHORT_RANGE,
      this.#anchors.short,
      QUICK_THRESHOLD,
    );
    return mergeFaces(faces, MERGE_OVERLAP).map(toDetection);
  }

  /** Faces in a square of the frame, in pixels of the frame, not yet merged. */
  async #facesIn(
    frame: Frame,
    region: FaceRegion,
    model: string,
    spec: BlazeFaceSpec,
    anchors: Float64Array,
    threshold: number,
  ): Promise<RawFace[]> {
    const crop = regionCrop(region, spec.size, this.#sampling, {
      scale: [2 / 255, 2 / 255, 2 / 255],
      offset: [-1, -1, -1],
      border: 'black',
    });
    const outputs = await this.#pool.run({ model, inputs: { input: { kind: 'crops', crops: [{ frame, crop }] } } });
    const [regressors, classifiers] = [outputs[spec.regressors], outputs[spec.classifiers]];
    if (regressors === undefined || classifiers === undefined) return [];
    const faces = decodeFaces(spec, anchors, regressors.data, classifiers.data, threshold);
    return faces.map(({ score, values }) => ({ score, values: toFrame(values, region) }));
  }
}

function toFrame(values: Float64Array, region: FaceRegion): Float64Array {
  const result = new Float64Array(values.length);
  for (let place = 0; place < values.length; place += 2) {
    const point = fromRegion(region, values[place] ?? 0, values[place + 1] ?? 0);
    result[place] = point.x;
    result[place + 1] = point.y;
  }
  // Of a region that is turned, the box's corners have changed places.
  const [xa = 0, ya = 0, xb = 0, yb = 0] = result;
  result.set([Math.min(xa, xb), Math.min(ya, yb), Math.max(xa, xb), Math.max(ya, yb)]);
  return result;
}

function toDetection({ score, values }: RawFace): Detection {
  const [left = 0, top = 0, right = 0, bottom = 0] = values;
  const keypoints: Point[] = [];
  for (let place = 4; place < values.length; place += 2)
    keypoints.push({ x: values[place] ?? 0, y: values[place + 1] ?? 0 });
  return { box: { x: left, y: top, width: right - left, height: bottom - top }, score, keypoints };
}

/** The square about the whole frame, with black beside the shorter side. */
function wholeFrame({ layout }: Frame): FaceRegion {
  const side = Math.max(layout.width, layout.height);
  return { centre: { x: (layout.width - 1) / 2, y: (layout.height - 1) / 2 }, width: side, height: side, angle: 0 };
}

/** The whole frame, then squares as long as its shorter side, along the longer one. */
function tiles(frame: Frame): FaceRegion[] {
  const { width, height } = frame.layout;
  const side = Math.min(width, height);
  const length = Math.max(width, height);
  const count = length === side ? 0 : Math.ceil((length - side) / (side * TILE_STEP)) + 1;
  const squares = Array.from({ length: count }, (_, index) => {
    const along = side / 2 + ((length - side) * index) / (count - 1) - 0.5;
    const across = side / 2 - 0.5;
    const centre = width >= height ? { x: along, y: across } : { x: across, y: along };
    return { centre, width: side, height: side, angle: 0 };
  });
  return [wholeFrame(frame), ...squares];
}
