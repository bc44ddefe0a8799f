import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { usableCores } from '../machine/usable-cores.js';
import { VideoReader } from './reader.js';

/** A frame by its number, counted from 1, and its time as a run has noted it. */
export interface WantedFrame {
  readonly frame: number;
  readonly seconds: number;
}

/** Frames of one pool: the one that was found, and others of its size to draw on. */
export interface Still {
  readonly source: Frame;
  readonly spare: readonly [Frame, Frame];
}

/** A gap in seconds from which on seeking is quicker than decoding what lies between. */
const LONG_GAP = 12;
/** Times are noted exactly; what differs by more is another frame. */
const SAME_TIME = 0.0005;

/**
 * Fetches single frames of a video by seeking, in their order. Where the file cannot be seeked, or a frame is not found at its
 * time, the video is decoded from its start and frames are counted, as the run did.
 *
 * @param wanted in frame order
 * @param use is called once for each frame; the frames are its own until its promise resolves
 * @throws FaceMirrorError FILE_UNREADABLE, NOT_A_VIDEO, VIDEO_DAMAGED, CANCELLED.
 */
export async function readStills<Wanted extends WantedFrame>(
  path: string,
  wanted: readonly Wanted[],
  use: (wanted: Wanted, still: Still) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const missed = await pass(path, wanted, true, use, signal);
  if (missed.length > 0) await pass(path, missed, false, use, signal);
}

async function pass<Wanted extends WantedFrame>(
  path: string,
  wanted: readonly Wanted[],
  bySeeking: boolean,
  use: (wanted: Wanted, still: Still) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Wanted[]> {
  if (wanted.length === 0) return [];
  // Nothing else runs beside it.
  const reader = await VideoReader.open(path, { noAudio: true, threads: Math.min(8, usableCores()) });
  const { width, height, colour } = reader.info;
  const pool = new FramePool({ width, height, colour, capacity: 3 });
  const missed: Wanted[] = [];
  try {
    const [source, one, two] = await pool.acquireMany(3);
    if (source === undefined || one === undefined || two === undefined)
      throw new Error('The pool gave too few frames.');
    let at = 0;
    for (const each of wanted) {
      if (signal?.aborted === true) throw new FaceMirrorError('CANCELLED', 'Stopped; no report was written.');
      if (bySeeking && at > 0 && each.seconds - at > LONG_GAP) await reader.jump(each.seconds);
      const found = await reader.find(source, (time, number) =>
        bySeeking ? time.seconds > each.seconds - SAME_TIME : number >= each.frame,
      );
      if (found === null) break;
      at = found.time.seconds;
      if (bySeeking && Math.abs(at - each.seconds) > SAME_TIME) missed.push(each);
      else await use(each, { source, spare: [one, two] });
    }
    return missed;
  } finally {
    await reader.close();
    pool.close();
  }
}
