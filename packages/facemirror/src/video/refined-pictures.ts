import {
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_SMPTE2084,
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AV_BUFFERSRC_FLAG_KEEP_REF,
  AV_FRAME_FLAG_INTERLACED,
  Frame as AVFrame,
  type Packet,
} from 'node-av';
import type { TimeBase } from 'facemirror-core/flow/frame-clock.js';
import type { Decoder } from './decoder.js';
import { expectSuccess } from './ffmpeg.js';
import { FilterChain, type FilterStep } from './filter-chain.js';

/** bwdif halves the time base; the clock counts in the stream's own. */
function deinterlacing({ num, den }: TimeBase): readonly FilterStep[] {
  return [
    ['bwdif', 'mode=send_frame:parity=auto:deint=interlaced'],
    ['settb', `expr=${num}/${den}`],
  ];
}

/**
 * To linear light with 100 cd/m2 as white, to BT.709's primaries, highlights rolled off (mobius keeps the mid-tones),
 * to SDR.
 */
const TONE_MAP: readonly FilterStep[] = [
  ['zscale', 'transfer=linear:npl=100'],
  ['format', 'pix_fmts=gbrpf32le'],
  ['zscale', 'primaries=bt709'],
  ['tonemap', 'tonemap=mobius:desat=0'],
  ['zscale', 'transfer=bt709:matrix=bt709:range=limited'],
  ['format', 'pix_fmts=yuv420p'],
];

/** What the pictures of a video need before they are used as they are. */
interface Needs {
  readonly interlaced: boolean;
  /** Name of the HDR transfer function, null for SDR. */
  readonly hdr: string | null;
}

/**
 * A decoder's pictures, deinterlaced and brought from HDR to SDR where the first of them says that it is needed; one
 * picture comes out for each that goes in. Close it on every path.
 */
export class RefinedPictures {
  readonly warnings: readonly string[];
  readonly #decoder: Decoder;
  readonly #chain: FilterChain | null;
  readonly #picture = new AVFrame();
  #pending: AVFrame | null;
  #isDraining = false;

  /** @param first the decoder's first picture, still to be given out. */
  constructor(decoder: Decoder, first: AVFrame, timeBase: TimeBase) {
    this.#decoder = decoder;
    this.#pending = first;
    this.#picture.alloc();
    const needs = needsOf(first);
    const warnings: string[] = [];
    if (needs.interlaced) warnings.push('The video is interlaced; its frames were deinterlaced.');
    if (needs.hdr !== null)
      warnings.push(`The video is HDR (${needs.hdr}); its pictures were tone-mapped to SDR (BT.709).`);
    let chain: FilterChain | null = null;
    try {
      chain = openChain(needs, first, timeBase);
    } catch {
      warnings.splice(
        0,
        Infinity,
        'The video is interlaced or HDR, and this FFmpeg cannot convert it; its pictures are as they were coded, and look combed or pale.',
      );
    }
    this.#chain = chain;
    this.warnings = warnings;
  }

  /** Whether pictures are the decoder's own, so that one can be had without those before it. */
  get isPlain(): boolean {
    return this.#chain === null;
  }

  /** See {@link Decoder.next}. */
  async next(onAudio: (packet: Packet) => Promise<void>): Promise<AVFrame | null> {
    if (this.#chain === null) return this.#take() ?? this.#decoder.next(onAudio);
    for (;;) {
      this.#picture.unref();
      const code = await this.#chain.sink.buffersinkGetFrame(this.#picture);
      if (code >= 0) return this.#picture;
      if (code === AVERROR_EOF || (code === AVERROR_EAGAIN && this.#isDraining)) return null;
      if (code !== AVERROR_EAGAIN) expectSuccess(code, 'av_buffersink_get_frame');
      const decoded = this.#take() ?? (await this.#decoder.next(onAudio));
      this.#isDraining = decoded === null;
      expectSuccess(
        await this.#chain.source.buffersrcAddFrame(decoded, AV_BUFFERSRC_FLAG_KEEP_REF),
        'av_buffersrc_add_frame',
      );
      decoded?.unref();
    }
  }

  close(): void {
    this.#chain?.close();
    this.#picture.free();
  }

  #take(): AVFrame | null {
    const pending = this.#pending;
    this.#pending = null;
    return pending;
  }
}

function needsOf(first: AVFrame): Needs {
  const transfer = first.colorTrc;
  return {
    interlaced: first.hasFlags(AV_FRAME_FLAG_INTERLACED),
    hdr: transfer === AVCOL_TRC_ARIB_STD_B67 ? 'HLG' : transfer === AVCOL_TRC_SMPTE2084 ? 'PQ' : null,
  };
}

function openChain({ interlaced, hdr }: Needs, first: AVFrame, timeBase: TimeBase): FilterChain | null {
  const steps = [...(interlaced ? deinterlacing(timeBase) : []), ...(hdr === null ? [] : TONE_MAP)];
  if (steps.length === 0) return null;
  const { num, den } = first.sampleAspectRatio;
  const source =
    `video_size=${first.width}x${first.height}:pix_fmt=${first.format}:time_base=${timeBase.num}/${timeBase.den}` +
    `:pixel_aspect=${num > 0 && den > 0 ? `${num}/${den}` : '0/1'}` +
    (hdr === null
      ? ''
      : `:colorspace=${AVCOL_SPC_BT2020_NCL}:range=${first.colorRange === AVCOL_RANGE_JPEG ? 'pc' : 'tv'}`);
  return new FilterChain(['buffer', source], steps, ['buffersink', null]);
}
