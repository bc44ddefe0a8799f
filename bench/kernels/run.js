// Medians of the kernels' times on one core, in milliseconds: `npm run build && node bench/kernels/run.js`.
import { FramePool } from '../../packages/facemirror/dist/frames/pool.js';
import { framePlanes } from '../../packages/facemirror/dist/frames/frame.js';
import { mirrorFrame } from '../../packages/facemirror/dist/mirror/mirror-frame.js';

const ROUNDS = 60;

const pool = new FramePool({ width: 1080, height: 1920, colour: { matrix: 'bt709', range: 'limited' }, capacity: 4 });
const [source, left, right] = await pool.acquireMany(4);
for (const plane of Object.values(framePlanes(source))) for (let i = 0; i < plane.length; i++) plane[i] = (i * 2654435761) >>> 24;

console.log('median ms  fastest  what (1080x1920, one core)');
for (const degrees of [0, 1, 3, 5, 10, 30, 45, 90]) {
  const angle = (degrees * Math.PI) / 180;
  const line = { glabella: { x: 500, y: 900 }, chin: { x: 500 + 200 * Math.sin(angle), y: 900 + 200 * Math.cos(angle) } };
  measure(`both mirrored frames, midline ${degrees} degrees from vertical`, () => {
    mirrorFrame(source, { left, right }, line);
  });
}

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
