import { FaceMirrorError } from 'facemirror-core/errors.js';

/** Codecs by mediabunny's names, as people know them. */
const CODECS: Readonly<Record<string, string>> = {
  avc: 'H.264',
  hevc: 'H.265 (HEVC)',
  vp8: 'VP8',
  vp9: 'VP9',
  av1: 'AV1',
  prores: 'Apple ProRes',
  mpeg4: 'MPEG-4 Part 2',
};

/** A codec's name for the user. */
export function codecName(codec: string | null): string {
  return codec === null ? 'an unknown codec' : (CODECS[codec] ?? codec);
}

/** The failure of a video whose codec this browser lacks. */
export function undecodable(name: string, codec: string | null, parameters: string | null): FaceMirrorError {
  const advice =
    codec === 'hevc'
      ? 'convert it to H.264, record with the iPhone setting Camera > Formats > Most Compatible, or use Safari, or the installed program'
      : 'convert it to H.264 in MP4, or use another browser or the installed program';
  const detail = parameters === null ? '' : `, ${parameters}`;
  return new FaceMirrorError(
    'CODEC_UNAVAILABLE',
    `This browser has no decoder for ${name}, which is ${codecName(codec)}${detail}: ${advice}.`,
  );
}

export function notAVideo(name: string, cause?: unknown): FaceMirrorError {
  return new FaceMirrorError(
    'NOT_A_VIDEO',
    `${name} is not a video that this page can read: give an MP4, MOV, WebM, MKV or MPEG-TS file, or use the installed program, which reads more.`,
    { cause },
  );
}

export function damaged(name: string, why: string, cause?: unknown): FaceMirrorError {
  return new FaceMirrorError(
    'VIDEO_DAMAGED',
    `${name} is damaged (${why}): copy it from the camera again, or try another player to see what is left of it.`,
    { cause },
  );
}
