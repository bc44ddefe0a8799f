/**
 * What damage to the picture costs the measures: the quality gate's limits (packages/core/src/quality/limits.ts) come from
 * these curves. The exam clip's face at rest and in five movements is made smaller and blurred; the error is how far the
 * change of a measure is from that of the undamaged picture, in inter-ocular distances.
 *
 *   npm run bench -- quality
 */
import { faceFeatures, inInterOculars } from '../packages/core/dist/action-units/features.js';
import { FramePool } from '../packages/core/dist/frames/pool.js';
import { framePlanes } from '../packages/core/dist/frames/frame.js';
import { Tracker } from '../packages/core/dist/face/tracker.js';
import { faceSharpness } from '../packages/core/dist/quality/sharpness.js';
import { astronaut } from '../packages/facemirror/dist/demo/exam/astronaut.js';
import { EXAM_FORMAT, ExamClip } from '../packages/facemirror/dist/demo/exam/exam-clip.js';
import { EXAM_EVENTS } from '../packages/facemirror/dist/demo/exam/exam-timeline.js';
import { openMediaPipe } from '../packages/facemirror/dist/suites/mediapipe/suite.js';

const INTER_OCULAR = 83;
const SIZES = [83, 60, 42, 32, 24, 18, 14, 10];
/** Standard deviations of the blur, in parts of the inter-ocular distance. */
const BLURS = [0, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.11];
const WATCHED = ['browMiddleHeight', 'palpebralFissure', 'cornerHeight', 'cornerDistance', 'lipGap'];

const clip = new ExamClip({ portrait: astronaut(), variant: 'healthy', framesPerSecond: 30 });
const frameOf = (code) => {
  const { times } = EXAM_EVENTS.find((event) => event.code === code && event.strength === 1);
  return Math.round(15 * (times[1] + times[2]));
};
const moments = [15, ...['RE', 'ES', 'BS', 'SO', 'PL'].map(frameOf)];
const suite = await openMediaPipe();

/** The features of every moment, and the mean sharpness, after a plane was damaged. */
async function measure(width, height, damage) {
  const source = await new FramePool({ ...EXAM_FORMAT, capacity: 1 }).acquire();
  const pool = new FramePool({ width, height, colour: EXAM_FORMAT.colour, capacity: 1 });
  const frame = await pool.acquire();
  const seen = [];
  for (const moment of moments) {
    clip.draw(moment, source);
    const [from, to] = [framePlanes(source), framePlanes(frame)];
    const { layout } = source;
    damage(from.y, layout.yStride, layout.width, layout.height, to.y, frame.layout.yStride, width, height);
    for (const plane of ['u', 'v'])
      damage(
        from[plane],
        layout.uvStride,
        layout.chromaWidth,
        layout.chromaHeight,
        to[plane],
        frame.layout.uvStride,
        frame.layout.chromaWidth,
        frame.layout.chromaHeight,
      );
    const tracker = new Tracker(suite);
    let face = null;
    for (let look = 0; look < 3; look++) face = await tracker.next(frame);
    seen.push(
      face && { features: faceFeatures(face.landmarks, 'normal'), sharpness: faceSharpness(frame, face.landmarks) },
    );
  }
  return seen;
}

/** Areas of the source are averaged, as cameras and scalers do. */
function smaller(from, stride, width, height, to, toStride, toWidth, toHeight) {
  for (let y = 0; y < toHeight; y++)
    for (let x = 0; x < toWidth; x++) {
      let [sum, count] = [0, 0];
      for (let v = Math.floor((y * height) / toHeight); v < Math.ceil(((y + 1) * height) / toHeight); v++)
        for (let u = Math.floor((x * width) / toWidth); u < Math.ceil(((x + 1) * width) / toWidth); u++) {
          sum += from[v * stride + u];
          count++;
        }
      to[y * toStride + x] = Math.round(sum / count);
    }
}

/** Gaussian blur. */
const blurred = (sigma) => (from, stride, width, height, to, toStride) => {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * Math.max(sigma, 1e-3) ** 2)),
  );
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const rows = new Float32Array(width * height);
  const at = (i, size) => Math.min(size - 1, Math.max(0, i));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = -reach; i <= reach; i++) sum += weights[i + reach] * from[y * stride + at(x + i, width)];
      rows[y * width + x] = sum / whole;
    }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let i = -reach; i <= reach; i++) sum += weights[i + reach] * rows[at(y + i, height) * width + x];
      to[y * toStride + x] = Math.round(sum / whole);
    }
};

function changes(seen) {
  const rest = seen[0];
  return seen.slice(1).map((moment) => {
    if (rest === null || moment === null) return null;
    const [a, b] = [moment, rest].map(({ features }) => inInterOculars(features, rest.features.interOcular));
    return ['left', 'right'].flatMap((side) => WATCHED.map((name) => a[side][name] - b[side][name]));
  });
}

function report(title, rows) {
  const truth = changes(rows[0].seen);
  console.log(
    `\n${title.padEnd(34)}${'faces'.padStart(8)}${'sharpness'.padStart(11)}${'mean error'.padStart(12)}${'greatest'.padStart(10)}`,
  );
  for (const { name, seen } of rows) {
    const errors = changes(seen).flatMap((values, i) =>
      (values ?? []).map((value, k) => Math.abs(value - truth[i][k])),
    );
    const faces = seen.filter((each) => each !== null).length;
    const sharpness = seen.reduce((sum, each) => sum + (each?.sharpness ?? 0), 0) / Math.max(1, faces);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    console.log(
      `${name.padEnd(34)}${`${faces}/${seen.length}`.padStart(8)}${sharpness.toFixed(3).padStart(11)}${mean.toFixed(4).padStart(12)}${Math.max(
        ...errors,
      )
        .toFixed(3)
        .padStart(10)}`,
    );
  }
}

const even = (value) => 2 * Math.round(value / 2);
const sized = [];
for (const size of SIZES) {
  const part = size / INTER_OCULAR;
  sized.push({
    name: `${size} pixels`,
    seen: await measure(even(EXAM_FORMAT.width * part), even(EXAM_FORMAT.height * part), smaller),
  });
}
report('between the eyes', sized);
const soft = [];
for (const blur of BLURS)
  soft.push({
    name: `${(100 * blur).toFixed(1)} % of that distance`,
    seen: await measure(EXAM_FORMAT.width, EXAM_FORMAT.height, (from, stride, width, height, to, toStride) =>
      blurred((blur * INTER_OCULAR * width) / EXAM_FORMAT.width)(from, stride, width, height, to, toStride),
    ),
  });
report('blur (standard deviation)', soft);
await suite.close();
