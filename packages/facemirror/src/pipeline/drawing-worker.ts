/**
 * Where pictures are drawn, beside the main thread, which hands out work to the decoder and the encoders. Started by
 * drawing-thread.ts only.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from 'facemirror-core/errors.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import { drawPictures } from 'facemirror-core/flow/drawing.js';
import { provideNodeKernels } from '../machine/kernels.js';
import type { DrawingOrder, DrawingReply, DrawingSetup } from './drawing-thread.js';

provideNodeKernels();
if (parentPort === null) throw new Error('pipeline/drawing-worker.js runs only as a worker.');
const port = parentPort;
const { memory, layout, colour, camera } = workerData as DrawingSetup;
const frameAt = (offset: number): Frame => ({ memory, offset, layout, colour });

function draw({ source, mirrored, debug }: DrawingOrder): DrawingReply {
  try {
    return {
      kind: 'drawn',
      times: drawPictures(
        {
          source: frameAt(source),
          mirrored:
            mirrored === null
              ? null
              : { left: frameAt(mirrored.left), right: frameAt(mirrored.right), midline: mirrored.midline },
          debug: debug === null ? null : { target: frameAt(debug.target), face: debug.face },
        },
        camera,
      ),
    };
  } catch (cause) {
    return { kind: 'failed', message: messageOf(cause) };
  }
}

port.on('message', (order: DrawingOrder | 'close') => {
  if (order === 'close') port.close();
  else port.postMessage(draw(order));
});
