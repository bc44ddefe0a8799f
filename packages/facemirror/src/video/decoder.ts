import {
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AV_FRAME_FLAG_CORRUPT,
  AV_PKT_FLAG_CORRUPT,
  CodecContext,
  Frame as AVFrame,
  Packet,
} from 'node-av';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { counted } from '../wording.js';
import { readPacket, truncated, type Demuxer } from './demuxer.js';
import { reasonOf } from './ffmpeg.js';

/** Packets of a demuxer in, pictures out. Open it before the first `next`; close it on every path. */
export class Decoder {
  readonly #demuxer: Demuxer;
  readonly #path: string;
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  readonly #picture = new AVFrame();
  #isDraining = false;
  #undecodable = 0;
  #damaged = 0;

  constructor(demuxer: Demuxer, path: string) {
    this.#demuxer = demuxer;
    this.#path = path;
    this.#packet.alloc();
    this.#picture.alloc();
    this.#context.allocContext3(demuxer.decoder);
  }

  /** @throws FaceMirrorError NOT_A_VIDEO. */
  async open(threads: number): Promise<void> {
    const { video, decoder } = this.#demuxer;
    this.#context.parametersToContext(video.codecpar);
    this.#context.pktTimebase = video.timeBase;
    this.#context.threadCount = threads;
    const code = await this.#context.open2(decoder);
    if (code < 0)
      throw new FaceMirrorError(
        'NOT_A_VIDEO',
        `${this.#path} holds a video that the ${decoder.name ?? ''} decoder does not open (${reasonOf(code)}): convert it to H.264 first.`,
      );
  }

  /** Sentences for the user on what could not be decoded so far. */
  warnings(): string[] {
    const warnings: string[] = [];
    if (this.#undecodable > 0)
      warnings.push(
        `${counted(this.#undecodable, 'packet')} of the video could not be decoded; what they show is missing.`,
      );
    if (this.#damaged > 0)
      warnings.push(`${counted(this.#damaged, 'frame')} came from damaged data and may show wrong pixels.`);
    return warnings;
  }

  /**
   * The next picture, the caller's until the next call; null at the end. Sound that is met on the way goes to
   * `onAudio`.
   */
  async next(onAudio: (packet: Packet) => Promise<void>): Promise<AVFrame | null> {
    for (;;) {
      // While packets go in, the work is done in sendPacket and this only hands over; at the end this does the work.
      const code = this.#isDraining
        ? await this.#context.receiveFrame(this.#picture)
        : this.#context.receiveFrameSync(this.#picture);
      if (code >= 0) {
        if (this.#picture.decodeErrorFlags !== 0 || this.#picture.hasFlags(AV_FRAME_FLAG_CORRUPT)) this.#damaged++;
        return this.#picture;
      }
      if (code === AVERROR_EOF) return null;
      if (code !== AVERROR_EAGAIN) this.#undecodable++;
      else await this.#feed(onAudio);
    }
  }

  /** Forgets what went in: the demuxer is somewhere else now. */
  flush(): void {
    this.#context.flushBuffers();
    this.#isDraining = false;
  }

  close(): void {
    this.#context.freeContext();
    this.#packet.free();
    this.#picture.free();
  }

  async #feed(onAudio: (packet: Packet) => Promise<void>): Promise<void> {
    const hasPacket = await readPacket(this.#demuxer, this.#packet, this.#path);
    if (!hasPacket) {
      this.#isDraining = true;
      await this.#context.sendPacket(null);
      return;
    }
    try {
      if (this.#packet.streamIndex === this.#demuxer.video.index) await this.#decode();
      else if (this.#packet.streamIndex === this.#demuxer.audio?.index) await onAudio(this.#packet);
    } finally {
      this.#packet.unref();
    }
  }

  async #decode(): Promise<void> {
    // Demuxers set this flag on the packet in which the file ends; broadcasts set it on any that lost a piece.
    if (this.#packet.hasFlags(AV_PKT_FLAG_CORRUPT) && isIndexed(this.#demuxer))
      throw truncated(this.#path, 'it ends in the middle of a frame');
    const code = await this.#context.sendPacket(this.#packet);
    if (code < 0) this.#undecodable++;
  }
}

/** Containers that say beforehand where each frame lies. */
function isIndexed(demuxer: Demuxer): boolean {
  return /mov|mp4/.test(demuxer.format.iformat?.name ?? '');
}
