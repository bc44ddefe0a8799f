import { DEMO_FORMAT, DemoClip } from '../../src/demo/clip.js';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { tagsFor } from '../../src/video/colour.js';
import { VideoWriter } from '../../src/video/writer.js';

interface DemoPart {
  /** Of the demo clip, from 0. */
  readonly first: number;
  readonly frames: number;
  /** The pictures are turned by a quarter anticlockwise, as a phone held sideways records them. */
  readonly turned?: boolean;
}

/** Writes some frames of the demo clip, without sound. */
export async function writeDemoPart(path: string, { first, frames, turned = false }: DemoPart): Promise<void> {
  const { colour, framesPerSecond } = DEMO_FORMAT;
  const demo = new DemoClip();
  const upright = await new FramePool({ ...DEMO_FORMAT, capacity: 1 }).acquire();
  const [width, height] = turned ? [DEMO_FORMAT.height, DEMO_FORMAT.width] : [DEMO_FORMAT.width, DEMO_FORMAT.height];
  const frame = turned ? await new FramePool({ width, height, colour, capacity: 1 }).acquire() : upright;
  const writer = await VideoWriter.open({
    path,
    width,
    height,
    colourTags: tagsFor(colour),
    encoder: 'libx264',
    quality: 18,
    threads: 1,
    timeBase: { num: 1, den: framesPerSecond },
    frameRate: framesPerSecond,
    audio: null,
  });
  for (let index = 0; index < frames; index++) {
    demo.draw(first + index, upright);
    if (turned) turnAnticlockwise(upright, frame);
    await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / framesPerSecond });
  }
  await writer.finish();
}

function turnAnticlockwise(source: Frame, target: Frame): void {
  const [from, to] = [framePlanes(source), framePlanes(target)];
  for (const name of ['y', 'u', 'v'] as const) {
    const [width, height] =
      name === 'y'
        ? [source.layout.width, source.layout.height]
        : [source.layout.chromaWidth, source.layout.chromaHeight];
    const [fromStride, toStride] = [source, target].map(({ layout }) =>
      name === 'y' ? layout.yStride : layout.uvStride,
    ) as [number, number];
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        to[name][(width - 1 - column) * toStride + row] = from[name][row * fromStride + column]!;
  }
}
