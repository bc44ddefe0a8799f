import type { Colour } from 'facemirror-core/frames/frame.js';
import type { TimeBase } from 'facemirror-core/flow/frame-clock.js';
import type { Turn } from './planes.js';

/** What a video is, as its file and its first frame say. */
export interface VideoInfo {
  readonly name: string;
  readonly container: string;
  readonly codec: string;
  readonly pixelFormat: string;
  /** Size of the pictures as they are coded. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Size of the upright picture with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Width of a coded pixel over its height. */
  readonly pixelAspect: number;
  readonly turn: Turn;
  /** Mean frames a second, null when the file does not say. */
  readonly frameRate: number | null;
  readonly durationSeconds: number | null;
  readonly expectedFrames: number | null;
  /** Ticks a second of the file's time stamps. */
  readonly streamResolution: number;
  /** Of the times of all frames. */
  readonly timeBase: TimeBase;
  readonly colour: Colour;
  /** How the outputs' values are to be shown: as the file says. */
  readonly colourSpace: VideoColorSpaceInit;
  readonly audio: { readonly codec: string } | null;
}

export function isUpright({ rotation, flip }: Turn): boolean {
  return rotation === 0 && !flip;
}

/** A turn in words, for records. */
export function describeTurn({ rotation, flip }: Turn): string {
  const turned = {
    0: '',
    90: 'turned by 90 degrees clockwise',
    180: 'turned by 180 degrees',
    270: 'turned by 90 degrees anticlockwise',
  }[rotation];
  const words = [turned, flip ? 'mirrored left to right' : ''].filter((word) => word !== '');
  return words.length === 0 ? 'upright' : words.join(', ');
}

/**
 * What colour tags mean for arithmetic. A video that does not say takes the usual guess: BT.709 from 720 lines (or 1280
 * columns) on, BT.601 below, limited range.
 */
export function colourOf({ matrix, fullRange }: VideoColorSpaceInit, width: number, height: number): Colour {
  const range = fullRange === true ? 'full' : 'limited';
  // TypeScript's list of matrices is shorter than WebCodecs'.
  switch (matrix as string | null | undefined) {
    case 'bt709':
      return { matrix: 'bt709', range };
    case 'bt470bg':
    case 'smpte170m':
      return { matrix: 'bt601', range };
    case 'bt2020-ncl':
      return { matrix: 'bt2020', range };
    default:
      return {
        matrix: Math.max(width, height) >= 1280 || Math.min(width, height) >= 720 ? 'bt709' : 'bt601',
        range,
      };
  }
}

/** Tags for pictures whose file says nothing, so that players show them as they were measured. */
export function tagsOf({ matrix, range }: Colour): VideoColorSpaceInit {
  const fullRange = range === 'full';
  return matrix === 'bt601'
    ? { matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m', fullRange }
    : { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', fullRange };
}
