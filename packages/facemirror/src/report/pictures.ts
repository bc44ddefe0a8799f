import type { Camera } from 'facemirror-core/face/observation.js';
import { mirrorFrame } from 'facemirror-core/mirror/mirror-frame.js';
import type { FramePicture, WantedPicture } from 'facemirror-core/report/pictures.js';
import { provideNodeKernels } from '../machine/kernels.js';
import { JpegMaker } from '../video/jpeg.js';
import { readStills } from '../video/stills.js';

provideNodeKernels();

/** Width of a report's pictures in pixels: twice what a screen shows. */
const WIDTH = 224;

/**
 * The pictures that a report wants of a video: each frame, and each side of it with its mirror image.
 * @throws FaceMirrorError FILE_UNREADABLE, NOT_A_VIDEO, VIDEO_DAMAGED, CANCELLED.
 */
export async function fetchPictures(
  video: string,
  wanted: readonly WantedPicture[],
  camera: Camera,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, FramePicture>> {
  const pictures = new Map<number, FramePicture>();
  let maker: JpegMaker | null = null;
  try {
    await readStills(
      video,
      wanted,
      async ({ frame, cut, midline }, { source, spare: [left, right] }) => {
        const { width, height } = source.layout;
        maker ??= await JpegMaker.open(
          { width: Math.min(cut.width, width - 1), height: Math.min(cut.height, height - 1) },
          WIDTH,
          source.colour,
        );
        if (midline !== null) mirrorFrame(source, { left, right }, midline, camera);
        pictures.set(frame, {
          original: await maker.make(source, cut),
          left: midline === null ? null : await maker.make(left, cut),
          right: midline === null ? null : await maker.make(right, cut),
        });
      },
      signal,
    );
    return pictures;
  } finally {
    (maker as JpegMaker | null)?.close();
  }
}
