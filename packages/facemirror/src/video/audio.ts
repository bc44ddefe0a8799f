import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AC3,
  AV_CODEC_ID_ALAC,
  AV_CODEC_ID_EAC3,
  AV_CODEC_ID_FLAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  Codec,
  type AVCodecID,
  type CodecParameters,
  type Stream,
} from 'node-av';
import type { AudioTrack } from './audio-track.js';
import { CopiedAudio } from './copied-audio.js';
import { EncodedAudio } from './encoded-audio.js';

/** Sound codecs that an MP4 file holds as they are. */
const COPIED: readonly AVCodecID[] = [
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_AC3,
  AV_CODEC_ID_EAC3,
  AV_CODEC_ID_ALAC,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_FLAC,
];
/** MP3 at lower rates (MPEG-2.5 but for 16 kHz) has no place in MP4. */
const LEAST_MP3_RATE = 16_000;
/** Codecs whose packets mean nothing without what the container says beside them. */
const NEED_HEADER: readonly AVCodecID[] = [AV_CODEC_ID_ALAC, AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC];

/**
 * The track for a sound stream, or null when it can neither be copied nor decoded.
 * @param shiftSeconds is taken off every time stamp, so that sound and picture stay together.
 */
export async function openAudio(stream: Stream, shiftSeconds: number): Promise<AudioTrack | null> {
  if (canBeCopied(stream.codecpar)) return new CopiedAudio(stream, shiftSeconds);
  const decoder = Codec.findDecoder(stream.codecpar.codecId);
  return decoder === null || stream.codecpar.channelLayout.nbChannels === 0
    ? null
    : EncodedAudio.open(stream, decoder, shiftSeconds);
}

function canBeCopied({ codecId, sampleRate, extradataSize }: CodecParameters): boolean {
  if (!COPIED.includes(codecId) || sampleRate <= 0) return false;
  if (codecId === AV_CODEC_ID_MP3 && sampleRate < LEAST_MP3_RATE) return false;
  return extradataSize > 0 || !NEED_HEADER.includes(codecId);
}
