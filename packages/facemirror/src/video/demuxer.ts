import { open as openFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  AVERROR_EOF,
  AVFMT_TS_DISCONT,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  Dictionary,
  FormatContext,
  type Codec,
  type Packet,
  type Stream,
} from 'node-av';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { unreadable } from '../files/unreadable.js';
import { ContinuousTime } from './continuous-time.js';
import { isCutOff } from './cut-off.js';
import { reasonOf } from './ffmpeg.js';
import { photoFormat } from './photo.js';

/**
 * The containers that are read. FFmpeg knows many more, among them playlists and scripts that name other files and
 * addresses; a file from a stranger must not make us open those.
 */
const CONTAINERS = [
  'mov',
  'mp4',
  'm4a',
  '3gp',
  '3g2',
  'mj2',
  'matroska',
  'webm',
  'avi',
  'mpegts',
  'mpeg',
  'mpegvideo',
  'm4v',
  'asf',
  'flv',
  'live_flv',
  'ogg',
  'mxf',
  'nut',
  'rm',
  'wtv',
  'dv',
  'h264',
  'hevc',
  'av1',
  'obu',
  'ivf',
  'gif',
  'apng',
  'yuv4mpegpipe',
  'mjpeg',
  'vc1',
  'swf',
  'mpegtsraw',
  // Sound alone, so that a user hears what the file is.
  'wav',
  'w64',
  'aiff',
  'caf',
  'mp3',
  'aac',
  'flac',
  'ac3',
  'amr',
].join(',');

/** An open video file: its streams, and its packets one after another. */
export interface Demuxer {
  readonly format: FormatContext;
  readonly video: Stream;
  readonly decoder: Codec;
  readonly audio: Stream | null;
  /** Where the file's time starts; null when it does not say. */
  readonly startSeconds: number | null;
  readonly durationSeconds: number | null;
  readonly time: ContinuousTime;
  /** Sentences on what of the file is left out. */
  readonly warnings: readonly string[];
}

/**
 * Opens a video file.
 * @throws FaceMirrorError FILE_UNREADABLE, NOT_A_VIDEO (no video in it, or nothing that is a medium), VIDEO_DAMAGED.
 */
export async function openDemuxer(path: string): Promise<Demuxer> {
  await requireContent(path);
  const format = new FormatContext();
  try {
    // The prefix keeps names such as "concat:a.mp4" from being taken for one of FFmpeg's protocols.
    const options = Dictionary.fromObject({ format_whitelist: CONTAINERS, protocol_whitelist: 'file' });
    const opened = await format.openInput(`file:${resolve(path)}`, null, options);
    if (opened < 0) throw unopenable(path, opened);
    await format.findStreamInfo();
    return chooseStreams(path, format);
  } catch (error) {
    await format.closeInput();
    throw error;
  }
}

/**
 * Reads the next packet, its times on the file's one line of time; false at the end. @throws FaceMirrorError
 * VIDEO_DAMAGED when the file breaks off.
 */
export async function readPacket(demuxer: Demuxer, packet: Packet, path: string): Promise<boolean> {
  const code = await demuxer.format.readFrame(packet);
  if (code >= 0) {
    demuxer.time.mend(packet);
    return true;
  }
  if (code === AVERROR_EOF && (demuxer.format.pb?.error ?? 0) >= 0) return false;
  throw truncated(path, `reading stopped with "${reasonOf(code)}"`);
}

/** The error for a file whose end is missing. */
export function truncated(path: string, detail: string): FaceMirrorError {
  return new FaceMirrorError(
    'VIDEO_DAMAGED',
    `${path} is damaged or was cut off (${detail}): copy it again from where it was recorded.`,
  );
}

async function requireContent(path: string): Promise<void> {
  let size: number;
  try {
    const file = await openFile(path, 'r');
    try {
      const stats = await file.stat();
      if (stats.isDirectory())
        throw new FaceMirrorError('FILE_UNREADABLE', `${path} is a folder, where a video file was expected.`);
      size = stats.size;
      const photo = await photoFormat(file, path);
      if (photo !== null)
        throw new FaceMirrorError('NOT_A_VIDEO', `${path} is a photo (${photo}): only videos can be processed.`);
      if (await isCutOff(file, size)) throw truncated(path, 'it is shorter than it says itself');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof FaceMirrorError) throw error;
    throw unreadable(path, error);
  }
  if (size === 0)
    throw new FaceMirrorError('NOT_A_VIDEO', `${path} is empty (0 bytes): copy it again from where it was recorded.`);
}

function unopenable(path: string, code: number): FaceMirrorError {
  // An MP4 whose index is missing opens no more than a text file does, but its first box tells them apart for the user.
  return new FaceMirrorError(
    'NOT_A_VIDEO',
    `${path} is not a video that can be read (${reasonOf(code)}): it is another kind of file, or its recording was cut off.`,
  );
}

function chooseStreams(path: string, format: FormatContext): Demuxer {
  const { streams } = format;
  const best = format.findBestStream(AVMEDIA_TYPE_VIDEO, -1, -1, true);
  const video = best.streamIndex < 0 ? undefined : streams[best.streamIndex];
  if (video === undefined || (video.disposition & AV_DISPOSITION_ATTACHED_PIC) !== 0) {
    const kind = streams.some((stream) => stream.codecpar.codecType === AVMEDIA_TYPE_AUDIO)
      ? 'holds sound only'
      : 'holds no video';
    throw new FaceMirrorError('NOT_A_VIDEO', `${path} ${kind}: give a file that shows the patient's face.`);
  }
  if (best.decoder === null)
    throw new FaceMirrorError(
      'NOT_A_VIDEO',
      `${path} holds a video in a codec that cannot be decoded here: convert it to H.264 first.`,
    );
  const audioIndex = format.findBestStream(AVMEDIA_TYPE_AUDIO, -1, best.streamIndex);
  const audio = streams[audioIndex] ?? null;
  return {
    format,
    video,
    decoder: best.decoder,
    audio,
    startSeconds: microseconds(format.startTime),
    durationSeconds: microseconds(format.duration),
    time: new ContinuousTime(
      audio === null ? [video] : [video, audio],
      ((format.iformat?.flags ?? 0) & AVFMT_TS_DISCONT) !== 0,
    ),
    warnings: [...otherVideos(streams, video), ...otherSounds(streams, audio)],
  };
}

function otherVideos(streams: readonly Stream[], chosen: Stream): string[] {
  const others = streams.filter(
    (stream) =>
      stream.index !== chosen.index &&
      stream.codecpar.codecType === AVMEDIA_TYPE_VIDEO &&
      (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) === 0,
  );
  return others.length === 0
    ? []
    : [`The file holds ${others.length + 1} videos; only its stream ${chosen.index} was processed.`];
}

function otherSounds(streams: readonly Stream[], chosen: Stream | null): string[] {
  const others = streams.filter(
    (stream) => stream.index !== chosen?.index && stream.codecpar.codecType === AVMEDIA_TYPE_AUDIO,
  );
  return chosen === null || others.length === 0
    ? []
    : [`The file holds ${others.length + 1} sound tracks; only its stream ${chosen.index} is carried over.`];
}

function microseconds(value: bigint): number | null {
  return value === AV_NOPTS_VALUE ? null : Number(value) / 1e6;
}
