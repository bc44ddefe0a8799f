import { createReadStream, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pc from 'picocolors';
import { unreadable, writeFileWhole } from '../files.js';
import type { TerminalOptions } from '../report/terminal.js';

/**
 * Writes text to a file (whole or not at all) or, for '-', to standard output. A final newline is added when missing.
 */
export async function writeText(destination: string, text: string): Promise<void> {
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  if (destination !== '-') {
    writeFileWhole(resolve(destination), whole);
    return;
  }
  await new Promise<void>((done) => process.stdout.write(whole, () => done()));
}

/** Reads a text file or, for '-', standard input to its end. @throws OnnxLensError FILE_UNREADABLE. */
export function readText(source: string): string {
  try {
    return decode(readFileSync(source === '-' ? 0 : source));
  } catch (cause) {
    throw unreadable(source === '-' ? 'standard input' : source, cause);
  }
}

/** Like `readText`, piece by piece, for files of any size. @throws OnnxLensError FILE_UNREADABLE. */
export async function* readPieces(source: string): AsyncGenerator<string> {
  const bytes = source === '-' ? process.stdin : createReadStream(source, { highWaterMark: 1 << 20 });
  let start: Buffer = Buffer.alloc(0); // until two bytes say how the text is encoded
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      const piece = decoder === undefined ? Buffer.concat([start, chunk]) : chunk;
      start = piece;
      if (piece.length < 2 && decoder === undefined) continue;
      decoder ??= decoderOf(piece);
      yield decoder.decode(piece, { stream: true });
    }
  } catch (cause) {
    throw unreadable(source === '-' ? 'standard input' : source, cause);
  }
  yield decoder === undefined ? decode(start) : decoder.decode();
}

function decode(bytes: Buffer): string {
  return decoderOf(bytes).decode(bytes);
}

/** UTF-8, or UTF-16 where a byte order mark says so (PowerShell's `>` writes it). */
function decoderOf(start: Buffer): TextDecoder {
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder('utf-16le');
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder('utf-16be');
  return new TextDecoder('utf-8');
}

/** How text is to be written to standard output: colours and width of the terminal, plain where it is none. */
export function terminal(): TerminalOptions {
  const { isTTY, columns } = process.stdout;
  return { colour: mayColour(isTTY), width: isTTY ? columns : 100 };
}

/** Whether colours may be written to a stream: it is a terminal and NO_COLOR is not set (or FORCE_COLOR is). */
function mayColour(isTerminal: boolean): boolean {
  return isTerminal ? pc.isColorSupported : 'FORCE_COLOR' in process.env && pc.isColorSupported;
}
