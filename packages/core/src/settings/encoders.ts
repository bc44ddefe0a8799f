/** The H.264 encoders, in the order in which `auto` tries them. */
export const ENCODER_NAMES = ['videotoolbox', 'nvenc', 'qsv', 'libx264'] as const;
export type EncoderName = (typeof ENCODER_NAMES)[number];
/** An encoder, or the first that works. */
export type EncoderChoice = EncoderName | 'auto';

/** Quality as x264 counts it, constant rate factor: 0 (lossless) to 51 (worst). */
export const DEFAULT_QUALITY = 18;
