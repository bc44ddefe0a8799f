import {
  AV_FRAME_DATA_DISPLAYMATRIX,
  AV_PKT_DATA_DISPLAYMATRIX,
  avGetCodecName,
  avGetPixFmtName,
  type AVPixelFormat,
  type Frame as AVFrame,
} from 'node-av';
import type { Colour } from 'facemirror-core/frames/frame.js';
import type { AudioTrack } from './audio-track.js';
import type { TimeBase } from 'facemirror-core/flow/frame-clock.js';
import { squareSize } from 'facemirror-core/frames/square-size.js';
import { colourOf, colourTags, type ColourTags } from './colour.js';
import type { Demuxer } from './demuxer.js';
import { orientationOf, type Orientation } from './orientation.js';

/** What a video is, as its file and its first frame say. */
export interface VideoInfo {
  readonly path: string;
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
  readonly orientation: Orientation;
  /** Mean frames a second, null when the file does not say. */
  readonly frameRate: number | null;
  readonly durationSeconds: number | null;
  /**
   * Frames that the file claims to hold; an estimate from its length where it does not count them; null when unknown.
   */
  readonly expectedFrames: number | null;
  /** Of the times of all frames. */
  readonly timeBase: TimeBase;
  readonly colour: Colour;
  readonly colourTags: ColourTags;
  readonly audio: { readonly codec: string; readonly mode: 'copy' | 'encode' } | null;
}

/** Pixels are never this far from square; such a value is a mistake in the file. */
const MAXIMUM_PIXEL_ASPECT = 8;

/** Mean frames a second, null when the file does not say. */
export function frameRateOf(demuxer: Demuxer): number | null {
  for (const rate of [demuxer.video.avgFrameRate, demuxer.video.rFrameRate]) {
    if (rate.num > 0 && rate.den > 0) return rate.num / rate.den;
  }
  return null;
}

/**
 * Puts together what a video is.
 * @param first its first decoded picture.
 */
export function describeVideo(
  path: string,
  demuxer: Demuxer,
  first: AVFrame,
  timeBase: TimeBase,
  audio: AudioTrack | null,
): VideoInfo {
  const { video } = demuxer;
  const matrix =
    video.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX) ?? first.getSideData(AV_FRAME_DATA_DISPLAYMATRIX);
  const orientation = orientationOf(matrix);
  const pixelAspect = pixelAspectOf(demuxer, first);
  const square = squareSize(first.width, first.height, pixelAspect);
  const frameRate = frameRateOf(demuxer);
  const tags = colourTags(first);
  const counted = Number(video.nbFrames);
  const estimated =
    frameRate !== null && demuxer.durationSeconds !== null ? Math.round(frameRate * demuxer.durationSeconds) : null;
  return {
    path,
    container: demuxer.format.iformat?.name ?? 'unknown',
    codec: avGetCodecName(video.codecpar.codecId) ?? 'unknown',
    pixelFormat: avGetPixFmtName(first.format as AVPixelFormat) ?? 'unknown',
    codedWidth: first.width,
    codedHeight: first.height,
    width: orientation.swapsSides ? square.height : square.width,
    height: orientation.swapsSides ? square.width : square.height,
    pixelAspect,
    orientation,
    frameRate,
    durationSeconds: demuxer.durationSeconds,
    expectedFrames: counted > 0 ? counted : estimated,
    timeBase,
    colour: colourOf(tags, first.width, first.height),
    colourTags: tags,
    audio: audio === null ? null : { codec: audio.codec, mode: audio.mode },
  };
}

/** The container's word on the pixels' shape goes before the codec's, as players do it. */
function pixelAspectOf(demuxer: Demuxer, first: AVFrame): number {
  for (const aspect of [demuxer.video.sampleAspectRatio, first.sampleAspectRatio]) {
    const value = aspect.num / aspect.den;
    if (aspect.num > 0 && aspect.den > 0 && value >= 1 / MAXIMUM_PIXEL_ASPECT && value <= MAXIMUM_PIXEL_ASPECT)
      return value;
  }
  return 1;
}
