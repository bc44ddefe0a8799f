/** More threads than these a decoder and an encoder do not use well, and each holds frames of its own. */
const MOST_DECODER_THREADS = 8;
const MOST_ENCODER_THREADS = 8;
/** Encoding a picture takes several times as long as decoding one. */
const DECODER_SHARE = 0.2;
/** The thread that mirrors and draws. */
const DRAWING_THREADS = 1;

/** Threads of the decoder, and of each encoder. */
export interface CodecThreads {
  readonly decoder: number;
  readonly encoder: number;
}

/**
 * What threads FFmpeg gets: the cores that networks and drawing leave, so that all threads that can be busy at once are
 * about as many as the cores. Of each kind there is at least one, which mostly waits where the networks take the time.
 * @param cores that this video may use.
 * @param networkThreads that may be busy at once: workers times the threads of a run.
 * @param encoders that work side by side.
 */
export function planCodecThreads(cores: number, networkThreads: number, encoders: number): CodecThreads {
  const left = cores - networkThreads - DRAWING_THREADS;
  const decoder = Math.max(1, Math.min(MOST_DECODER_THREADS, Math.round(left * DECODER_SHARE)));
  const encoder = Math.max(1, Math.min(MOST_ENCODER_THREADS, Math.ceil((left - decoder) / encoders)));
  return { decoder, encoder };
}
