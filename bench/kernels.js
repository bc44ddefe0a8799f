/**
 * Medians of the kernels' times on one core, in milliseconds.
 *
 *   npm run bench -- kernels
 */
import { FramePool } from '../packages/core/dist/frames/pool.js';
import { framePlanes } from '../packages/core/dist/frames/frame.js';
import { cropPlain } from '../packages/core/dist/frames/crop-plain.js';
import { cropToTensor } from '../packages/core/dist/frames/crop-to-tensor.js';
import { mirrorFrame } from '../packages/core/dist/mirror/mirror-frame.js';
import { drawDebugOverlay } from '../packages/core/dist/overlay/debug-overlay.js';

const ROUNDS = 60;

const pool = new FramePool({ width: 1080, height: 1920, colour: { matrix: 'bt709', range: 'limited' }, capacity: 4 });
const [source, left, right] = await pool.acquireMany(4);
for (const plane of Object.values(framePlanes(source)))
  for (let i = 0; i < plane.length; i++) plane[i] = (i * 2654435761) >>> 24;

console.log('median ms  fastest  what (1080x1920 frame, one core)');
for (const degrees of [0, 1, 3, 5, 10, 30, 45, 90]) {
  const angle = (degrees * Math.PI) / 180;
  const line = {
    glabella: { x: 500, y: 900 },
    chin: { x: 500 + 200 * Math.sin(angle), y: 900 + 200 * Math.cos(angle) },
  };
  measure(`both mirrored frames, midline ${degrees} degrees from vertical`, () => {
    mirrorFrame(source, { left, right }, line);
  });
}

for (const [size, layout, border] of /** @type {const} */ ([
  [192, 'NHWC', 'black'],
  [256, 'NHWC', 'black'],
  [256, 'NCHW', 'clamp'],
  [128, 'NHWC', 'black'],
])) {
  const zoom = 500 / size;
  const toSource = {
    xx: zoom * Math.cos(0.1),
    xy: -zoom * Math.sin(0.1),
    x0: 300,
    yx: zoom * Math.sin(0.1),
    yy: zoom * Math.cos(0.1),
    y0: 600,
  };
  /** @type {import('facemirror-core/frames/crop.js').Crop} */
  const crop = {
    toSource,
    width: size,
    height: size,
    layout,
    channels: 'RGB',
    scale: [1 / 255, 1 / 255, 1 / 255],
    offset: [0, 0, 0],
    border,
    sampling: 'bilinear',
  };
  const tensor = new Float32Array(size * size * 3);
  measure(`bilinear crop to ${size}x${size}, ${layout}, ${border}`, () => cropToTensor(source, crop, tensor));
  if (size === 192) measure('the same in plain TypeScript', () => cropPlain(source, crop, tensor));
}
for (const [what, size, side] of /** @type {const} */ ([
  ['face of 500 pixels', 224, 500],
  ['whole width', 128, 1080],
])) {
  const zoom = side / size;
  const toSource = { xx: zoom, xy: 0, x0: zoom / 2 - 0.5, yx: 0, yy: zoom, y0: 300 };
  /** @type {import('facemirror-core/frames/crop.js').Crop} */
  const crop = {
    toSource,
    width: size,
    height: size,
    layout: 'NCHW',
    channels: 'RGB',
    scale: [1, 1, 1],
    offset: [0, 0, 0],
    border: 'black',
    sampling: 'antialiased',
  };
  const tensor = new Float32Array(size * size * 3);
  measure(`antialiased crop to ${size}x${size}, ${what}`, () => cropToTensor(source, crop, tensor));
}

const overlayFace = {
  midline: { glabella: { x: 540, y: 800 }, chin: { x: 530, y: 1100 } },
  angles: { yaw: 2, pitch: 0, roll: 0 },
};
measure('debug overlay: midline and banner', () => drawDebugOverlay(source, overlayFace));

/** Prints the median and the fastest of ROUNDS calls after as many to warm up. */
function measure(name, work) {
  const times = [];
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const start = performance.now();
    work();
    if (round >= ROUNDS) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`${times[ROUNDS >> 1].toFixed(2).padStart(9)}  ${times[0].toFixed(2).padStart(7)}  ${name}`);
}
