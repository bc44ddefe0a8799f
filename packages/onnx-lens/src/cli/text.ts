import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pc from 'picocolors';
import { unreadable, writeFileWhole } from '../files.js';
import type { TerminalOptions } from '../report/terminal.js';

/** Writes text to a file (whole or not at all) or, for '-', to standard output. A final newline is added when missing. */
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

/** UTF-8, or UTF-16 where a byte order mark says so (PowerShell's `>` writes it). */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
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
