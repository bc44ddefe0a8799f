/**
 * What a smaller picture costs the detector of the suite openface3: how many faces of a group photo it still finds, by
 * `--detect-side`, and how long it takes. Needs the photo and RetinaFace's real weights in ../shared, or FACEMIRROR_SHARED.
 *
 *   npm run bench -- detector [--sides 640,320,160] [--runs 10]
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AV_CODEC_ID_MJPEG, Codec, CodecContext, Frame, Packet } from 'node-av';
import { serializeModel } from '../packages/onnx-lens/dist/index.js';
import { median } from '../packages/core/dist/arithmetic.js';
import { RetinaFaceDetector, RETINAFACE_MODEL } from '../packages/core/dist/suites/openface3/detector.js';
import { framePlanes } from '../packages/core/dist/frames/frame.js';
import { FramePool } from '../packages/core/dist/frames/pool.js';
import { InferencePool } from '../packages/facemirror/dist/inference/pool.js';
import { prepareNetwork } from '../packages/facemirror/dist/suites/openface3/files.js';
import { option, SHARED } from './options.js';

const photo = join(SHARED, 'media/multi_face.jpg');
const weights = join(SHARED, 'models/mobilenet0.25_Final.pth');
const sides = option('--sides', '1000,640,480,320,256,192,160,128,96').split(',').map(Number);
const runs = Number(option('--runs', '10'));
/** Two boxes are of the same face from this intersection over union on. */
const SAME_FACE = 0.5;

/** A baseline JPEG with chroma at half size in both directions, as a frame. */
async function readPhoto(path) {
  const context = new CodecContext();
  const decoder = Codec.findDecoder(AV_CODEC_ID_MJPEG);
  context.allocContext3(decoder);
  const [packet, picture] = [new Packet(), new Frame()];
  packet.alloc();
  picture.alloc();
  packet.data = readFileSync(path);
  const codes = [
    await context.open2(decoder, null),
    await context.sendPacket(packet),
    await context.sendPacket(null),
    await context.receiveFrame(picture),
  ];
  if (codes.some((code) => code < 0)) throw new Error(`${path} cannot be decoded`);
  const { width, height, linesize, data } = picture;
  const pool = new FramePool({ width, height, colour: { matrix: 'bt601', range: 'full' }, capacity: 1 });
  const frame = await pool.acquire();
  const { layout } = frame;
  const planes = framePlanes(frame);
  const copy = (from, fromStride, to, toStride, wide, rows) => {
    for (let row = 0; row < rows; row++)
      to.set(from.subarray(row * fromStride, row * fromStride + wide), row * toStride);
  };
  copy(data[0], linesize[0], planes.y, layout.yStride, width, height);
  copy(data[1], linesize[1], planes.u, layout.uvStride, layout.chromaWidth, layout.chromaHeight);
  copy(data[2], linesize[2], planes.v, layout.uvStride, layout.chromaWidth, layout.chromaHeight);
  return frame;
}

function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const common = Math.max(0, width) * Math.max(0, height);
  return common / (a.width * a.height + b.width * b.height - common);
}

if (!existsSync(photo) || !existsSync(weights)) {
  console.log(`The photo and the weights are not there (${SHARED}): nothing to measure with.`);
} else {
  const frame = await readPhoto(photo);
  const { width, height } = frame.layout;
  const model = serializeModel(prepareNetwork(new Uint8Array(readFileSync(weights)), weights).model);
  const pool = await InferencePool.open([{ name: RETINAFACE_MODEL, model }]);
  try {
    // The truth: what is found in the photo as it is, which are the five faces that are there.
    const truth = await new RetinaFaceDetector(pool, { longSide: Math.max(width, height) }).detect(
      frame,
      'quick',
      null,
    );
    console.log(
      `${width}x${height}, ${truth.length} faces of ${truth.map(({ box }) => Math.round(box.height)).join(', ')} pixels' height\n`,
    );
    console.log(
      `${'long side'.padStart(9)}${'found'.padStart(8)}${'invented'.padStart(10)}${'heights shown'.padStart(16)}${'lowest score'.padStart(14)}${'ms'.padStart(8)}`,
    );
    for (const longSide of sides) {
      const detector = new RetinaFaceDetector(pool, { longSide });
      const times = [];
      let found = [];
      for (let run = 0; run <= runs; run++) {
        const startedAt = performance.now();
        found = [...(await detector.detect(frame, 'quick', null))];
        if (run > 0) times.push(performance.now() - startedAt);
      }
      const matched = truth.filter(({ box }) => found.some((face) => overlap(face.box, box) >= SAME_FACE));
      const shown = truth.map(({ box }) => box.height * Math.min(1, longSide / Math.max(width, height)));
      const heights = `${Math.round(Math.min(...shown))} to ${Math.round(Math.max(...shown))}`;
      const lowest = found.length === 0 ? '' : Math.min(...found.map(({ score }) => score)).toFixed(3);
      console.log(
        `${String(longSide).padStart(9)}${`${matched.length}/${truth.length}`.padStart(8)}${String(found.length - matched.length).padStart(10)}${heights.padStart(16)}${lowest.padStart(14)}${median(times).toFixed(1).padStart(8)}`,
      );
    }
  } finally {
    await pool.close();
  }
}
