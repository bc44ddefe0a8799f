import {
  AVCOL_PRI_SMPTE170M,
  AVCOL_PRI_UNSPECIFIED,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT2020_CL,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_UNSPECIFIED,
  AV_PIX_FMT_YUV411P,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV440P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ411P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
  AV_PIX_FMT_YUVJ440P,
  AV_PIX_FMT_YUVJ444P,
  avGetPixFmtName,
  type AVColorPrimaries,
  type AVColorRange,
  type AVColorSpace,
  type AVColorTransferCharacteristic,
  type AVPixelFormat,
  type Frame as AVFrame,
} from 'node-av';
import type { Colour } from 'facemirror-core/frames/frame.js';

/** How a video's values are to be shown, as its stream says, carried over to the outputs unchanged. */
export interface ColourTags {
  readonly range: AVColorRange;
  readonly matrix: AVColorSpace;
  readonly primaries: AVColorPrimaries;
  readonly transfer: AVColorTransferCharacteristic;
}

/** The deprecated formats that say "full range" in their name, and the same layouts without a word on the range. */
const FULL_RANGE_FORMATS = new Map<AVPixelFormat, AVPixelFormat>([
  [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P],
  [AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P],
  [AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P],
  [AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P],
  [AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P],
]);

/** The format by its layout alone, so that a conversion changes the layout and leaves the values' range as it is. */
export function layoutFormat(format: AVPixelFormat): AVPixelFormat {
  return FULL_RANGE_FORMATS.get(format) ?? format;
}

/**
 * The tags of a picture once it is YUV 4:2:0. Pictures that are not YUV (RGB, palettes, grey) become BT.601 limited
 * range, which is what FFmpeg's scaler makes of them.
 */
export function colourTags(frame: AVFrame): ColourTags {
  const format = frame.format as AVPixelFormat;
  if (!isYuv(format)) {
    return {
      range: AVCOL_RANGE_MPEG,
      matrix: AVCOL_SPC_SMPTE170M,
      primaries: AVCOL_PRI_SMPTE170M,
      transfer: AVCOL_TRC_UNSPECIFIED,
    };
  }
  const range = FULL_RANGE_FORMATS.has(format) ? AVCOL_RANGE_JPEG : frame.colorRange;
  return { range, matrix: frame.colorSpace, primaries: frame.colorPrimaries, transfer: frame.colorTrc };
}

function isYuv(format: AVPixelFormat): boolean {
  const name = avGetPixFmtName(format) ?? '';
  return /^(yuv|yvyu|uyvy|uyyvyy|nv\d|p[024]\d\d|y2\d\d|ayuv|xv\d|vuy)/.test(name);
}

/**
 * What the tags mean for arithmetic. A video that does not say takes the usual guess: BT.709 from 720 lines (or 1280
 * columns) on, BT.601 below, limited range.
 */
export function colourOf(tags: ColourTags, codedWidth: number, codedHeight: number): Colour {
  const range = tags.range === AVCOL_RANGE_JPEG ? 'full' : 'limited';
  switch (tags.matrix) {
    case AVCOL_SPC_BT709:
      return { matrix: 'bt709', range };
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return { matrix: 'bt601', range };
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return { matrix: 'bt2020', range };
    default:
      return {
        matrix:
          Math.max(codedWidth, codedHeight) >= 1280 || Math.min(codedWidth, codedHeight) >= 720 ? 'bt709' : 'bt601',
        range,
      };
  }
}

/** Tags for pictures that were made here, with nothing to carry over. */
export function tagsFor(colour: Colour): ColourTags {
  const matrix = { bt601: AVCOL_SPC_SMPTE170M, bt709: AVCOL_SPC_BT709, bt2020: AVCOL_SPC_BT2020_NCL }[colour.matrix];
  const range = colour.range === 'full' ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  return { range, matrix, primaries: AVCOL_PRI_UNSPECIFIED, transfer: AVCOL_TRC_UNSPECIFIED };
}
