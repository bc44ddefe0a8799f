import type { CodecParameters, Packet } from 'node-av';
import type { TimeBase } from 'facemirror-core/flow/frame-clock.js';

/** The sound of a file on its way into the outputs. */
export interface AudioTrack {
  readonly codec: string;
  /** `copy`: the packets of the file; `encode`: decoded and encoded as AAC, once for all outputs. */
  readonly mode: 'copy' | 'encode';
  /** What an output's sound stream is to be set up with. */
  readonly parameters: CodecParameters;
  readonly timeBase: TimeBase;
  /** Packets that were left out because their time stamps do not follow those before them. */
  readonly dropped: number;
  /**
   * Takes a packet of the file's sound (null at the end), gives the packets for the outputs, which the caller frees.
   */
  convert(packet: Packet | null): Promise<Packet[]>;
  close(): void;
}
