/**
 * The H.264 encoders, in the order in which `auto` tries them.
 *
 * @example
 * ENCODER_NAMES.includes('libx264'); // true
 */
export const ENCODER_NAMES = ['videotoolbox', 'nvenc', 'qsv', 'libx264'] as const;
/** One of {@link ENCODER_NAMES}. */
export type EncoderName = (typeof ENCODER_NAMES)[number];
/** An encoder, or the first that works. */
export type EncoderChoice = EncoderName | 'auto';

/**
 * Quality as x264 counts it, constant rate factor: 0 (lossless) to 51 (worst).
 *
 * @example
 * DEFAULT_QUALITY; // 18
 */
export const DEFAULT_QUALITY = 18;
