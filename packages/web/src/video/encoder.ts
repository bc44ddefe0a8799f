import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { VideoCodec } from 'mediabunny';

/** An encoder of this browser that can be used. */
export interface ChosenEncoder {
  /** By mediabunny's name. */
  readonly codec: VideoCodec;
  readonly config: VideoEncoderConfig;
}

interface Wanted {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number | null;
  /** x264's constant rate factor, 0 to 51. */
  readonly quality: number;
}

/** Bits for a pixel that look about as x264 at a constant rate factor of 18 does; half as many for each 6 steps. */
const BITS_A_PIXEL = 0.22;
const LEAST_BITRATE = 400_000;
const MOST_BITRATE = 80_000_000;

/** H.264's levels by the macroblocks of a frame (ITU-T H.264, table A-1). */
const H264_LEVELS = [
  { most: 1620, level: '1e' },
  { most: 3600, level: '1f' },
  { most: 8192, level: '28' },
  { most: 22_080, level: '32' },
  { most: 36_864, level: '33' },
  { most: 139_264, level: '3c' },
] as const;

/**
 * The first codec, of those that MP4 files hold, that this browser encodes at that size: H.264, then VP9, then AV1.
 * @throws FaceMirrorError ENCODER_UNAVAILABLE.
 */
export async function chooseEncoder(wanted: Wanted): Promise<ChosenEncoder> {
  const { width, height, frameRate, quality } = wanted;
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const level = H264_LEVELS.find(({ most }) => blocks <= most)?.level ?? '3e';
  const bitsASecond = width * height * Math.min(120, frameRate ?? 30) * BITS_A_PIXEL * 2 ** ((18 - quality) / 6);
  const shared = {
    width,
    height,
    bitrate: Math.round(Math.max(LEAST_BITRATE, Math.min(MOST_BITRATE, bitsASecond))),
    bitrateMode: 'variable',
    // Pictures may be held back for better ones; nobody watches live.
    latencyMode: 'quality',
    ...(frameRate === null ? {} : { framerate: frameRate }),
  } as const;
  const choices: readonly ChosenEncoder[] = [
    { codec: 'avc', config: { ...shared, codec: `avc1.6400${level}`, avc: { format: 'avc' } } },
    { codec: 'avc', config: { ...shared, codec: `avc1.4200${level}`, avc: { format: 'avc' } } },
    { codec: 'vp9', config: { ...shared, codec: 'vp09.00.51.08' } },
    { codec: 'av1', config: { ...shared, codec: 'av01.0.13M.08' } },
  ];
  for (const choice of choices) {
    const { supported } = await VideoEncoder.isConfigSupported(choice.config);
    if (supported === true) return choice;
  }
  throw new FaceMirrorError(
    'ENCODER_UNAVAILABLE',
    `This browser encodes no video of ${width}x${height} pixels in H.264, VP9 or AV1: leave "videos" and "debug" out of the outputs, or use another browser.`,
  );
}
