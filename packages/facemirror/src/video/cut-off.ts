import type { FileHandle } from 'node:fs/promises';

/** Boxes of an MP4 that a video cannot do without. */
const NEEDED_BOXES = new Set(['moov', 'mdat', 'moof']);
/** Boxes that are looked at; a recording in pieces of a second has two for each. */
const MOST_BOXES = 100_000;
/** Some programs count an AVI's own header, or its filling, into its length. */
const AVI_TOLERANCE_BYTES = 16;
/** IDs of a Matroska file's two outermost elements (RFC 9559, 5; RFC 8794, 11.2.1). */
const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;

/**
 * Whether a file says itself that it should be longer than it is: MP4 and QuickTime by their outermost boxes, Matroska
 * and WebM by their segment, AVI by its chunks. What a player shows of such a file ends too early, without a word.
 * False for other containers, and for files that do not say how long they are (live recordings).
 */
export async function isCutOff(file: FileHandle, size: number): Promise<boolean> {
  const head = await bytesAt(file, 0, 64);
  if (head.length < 16) return false;
  if (head.toString('latin1', 0, 4) === 'RIFF') return isRiffCutOff(file, size);
  if (head.readUInt32BE(0) === EBML) return isMatroskaCutOff(file, head, size);
  return isBoxType(head.toString('latin1', 4, 8)) && isMp4CutOff(file, size);
}

/** ISO/IEC 14496-12, 4.2: 32 bits of size, the type, 64 bits of size where the 32 say 1; 0 is "to the file's end". */
async function isMp4CutOff(file: FileHandle, size: number): Promise<boolean> {
  let at = 0;
  for (let boxes = 0; boxes < MOST_BOXES && at + 8 <= size; boxes++) {
    const head = await bytesAt(file, at, 16);
    if (head.length < 8) return false;
    const type = head.toString('latin1', 4, 8);
    const short = head.readUInt32BE(0);
    const length = short === 1 && head.length === 16 ? Number(head.readBigUInt64BE(8)) : short;
    if (!isBoxType(type) || length < 8) return false;
    if (at + length > size) return NEEDED_BOXES.has(type);
    at += length;
  }
  return false;
}

function isBoxType(type: string): boolean {
  return /^[\x20-\x7e\xa9]{4}$/.test(type);
}

/** RIFF chunks follow one another in files of more than 1 GB (OpenDML). A length of 0 was never filled in. */
async function isRiffCutOff(file: FileHandle, size: number): Promise<boolean> {
  let at = 0;
  for (let chunks = 0; chunks < MOST_BOXES && at + 8 <= size; chunks++) {
    const head = await bytesAt(file, at, 8);
    if (head.length < 8 || head.toString('latin1', 0, 4) !== 'RIFF') return false;
    const length = head.readUInt32LE(4);
    if (length === 0 || length === 0xffffffff) return false;
    if (at + 8 + length > size + AVI_TOLERANCE_BYTES) return true;
    at += 8 + length + (length % 2);
  }
  return false;
}

async function isMatroskaCutOff(file: FileHandle, head: Buffer, size: number): Promise<boolean> {
  const header = ebmlLength(head, 4);
  if (header === null || header.length === null) return false;
  const start = 4 + header.bytes + header.length;
  const segment = await bytesAt(file, start, 12);
  if (segment.length < 12 || segment.readUInt32BE(0) !== SEGMENT) return false;
  const body = ebmlLength(segment, 4);
  return body !== null && body.length !== null && start + 4 + body.bytes + body.length > size;
}

/**
 * A variable-length size (RFC 8794, 6): leading zeros count its bytes; all ones are "unknown". Null where there is
 * none.
 */
function ebmlLength(bytes: Buffer, at: number): { readonly bytes: number; readonly length: number | null } | null {
  const first = bytes[at] ?? 0;
  const count = Math.clz32(first) - 23;
  if (count > 8 || at + count > bytes.length) return null;
  let length = BigInt(first & ((1 << (8 - count)) - 1));
  for (let index = 1; index < count; index++) length = (length << 8n) | BigInt(bytes[at + index] ?? 0);
  return { bytes: count, length: length === (1n << BigInt(7 * count)) - 1n ? null : Number(length) };
}

async function bytesAt(file: FileHandle, position: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  const { bytesRead } = await file.read(bytes, 0, count, position);
  return bytes.subarray(0, bytesRead);
}
