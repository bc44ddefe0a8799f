/** Where pictures are drawn, beside the thread that hands out work. Started by drawing-thread.ts only. */
import { messageOf } from 'facemirror-core/errors.js';
import { drawPictures } from 'facemirror-core/flow/drawing.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import type { DrawingOrder, DrawingSetup, FromDrawingWorker, ToDrawingWorker } from './drawing-messages.js';
import { provideLoadedKernels } from '../threads/kernels.js';
import { workerScope } from '../threads/worker-scope.js';

const scope = workerScope<ToDrawingWorker, FromDrawingWorker>();
let setup: DrawingSetup | null = null;

function draw({ source, mirrored, debug }: DrawingOrder): FromDrawingWorker {
  try {
    if (setup === null) throw new Error('the thread was given work before its frames');
    const { memory, layout, colour, camera } = setup;
    const frameAt = (offset: number): Frame => ({ memory, offset, layout, colour });
    const drawing = {
      source: frameAt(source),
      mirrored: mirrored && { ...mirrored, left: frameAt(mirrored.left), right: frameAt(mirrored.right) },
      debug: debug && { ...debug, target: frameAt(debug.target) },
    };
    return { kind: 'drawn', times: drawPictures(drawing, camera) };
  } catch (cause) {
    return { kind: 'failed', message: messageOf(cause) };
  }
}

scope.onmessage = ({ data }) => {
  if (data.kind === 'setup') {
    ({ setup } = data);
    provideLoadedKernels(setup.kernels);
  } else scope.postMessage(draw(data));
};
