import { crc32, inflateRawSync } from 'node:zlib';
import { OnnxLensError } from '../../errors.js';

/**
 * One file inside a zip archive. Nothing is ever written under `name`: it is a key, not a path.
 */
export interface ZipEntry {
  readonly name: string;
  /** Bytes of the content; checked against what is really there by `read`. */
  readonly size: number;
  /** The content: a view into the archive when stored (as torch.save does), a fresh copy when deflated. */
  readonly read: () => Uint8Array;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const END_RECORD_64 = 0x06064b50;
const END_LOCATOR_64 = 0x07064b50;
const STORED = 0;
const DEFLATED = 8;
/** A zip's end record is 22 bytes and a comment of at most 65535. */
const END_SEARCH = 22 + 0xffff;
const FULL_32 = 0xffffffff;
const FULL_16 = 0xffff;

/** True when the bytes start as a zip archive with at least one file does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 22 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === LOCAL_HEADER;
}

/**
 * Reads the directory of a zip archive (zip64 too: torch.save writes it).
 *
 * General zip libraries copy every file that they give, hundreds of megabytes for a checkpoint, and do not check stored
 * files' checksums. Here stored files are views, every read is checked against its CRC-32, and no size is believed
 * before it has been checked against the archive.
 *
 * @param maxUnpackedBytes deflated files (torch.save makes none) that are larger than this together are refused: a few
 *   kilobytes can unpack to as many megabytes.
 * @throws OnnxLensError NOT_CHECKPOINT when the archive is damaged, encrypted, uses another compression, or has files
 *   lie over each other, by which a small archive would hold many large ones.
 */
export function readZip(bytes: Uint8Array, origin: string, maxUnpackedBytes: number): ReadonlyMap<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view, origin);
  const entries = new Map<string, ZipEntry>();
  let at = directory.offset;
  let [packed, unpacked] = [0, 0];
  for (let index = 0; index < directory.entries; index++) {
    const record = readCentralRecord(bytes, view, at, origin);
    if (entries.has(record.name)) throw damaged(origin, `holds "${record.name}" twice`);
    packed += record.packed;
    if (packed > bytes.length) throw damaged(origin, 'has files lie over each other');
    unpacked += record.method === STORED ? 0 : record.size;
    if (unpacked > maxUnpackedBytes)
      throw damaged(origin, `claims to unpack to more than the ${maxUnpackedBytes} bytes that are accepted`);
    entries.set(record.name, {
      name: record.name,
      size: record.size,
      read: () => readEntry(bytes, view, record, origin),
    });
    at = record.next;
  }
  return entries;
}

interface CentralRecord {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
  readonly next: number;
}

function findDirectory(view: DataView, origin: string): { offset: number; entries: number } {
  const lowest = Math.max(0, view.byteLength - END_SEARCH);
  for (let at = view.byteLength - 22; at >= lowest; at--) {
    if (view.getUint32(at, true) !== END_RECORD) continue;
    const entries = view.getUint16(at + 10, true);
    const offset = view.getUint32(at + 16, true);
    if (entries !== FULL_16 && offset !== FULL_32) return { offset, entries };
    return findDirectory64(view, at - 20, origin);
  }
  throw damaged(origin, 'ends before its directory (cut off?)');
}

function findDirectory64(view: DataView, locator: number, origin: string): { offset: number; entries: number } {
  if (locator >= 0 && view.getUint32(locator, true) === END_LOCATOR_64) {
    const at = safeInteger(view.getBigUint64(locator + 8, true), origin);
    if (at + 56 <= view.byteLength && view.getUint32(at, true) === END_RECORD_64) {
      const entries = safeInteger(view.getBigUint64(at + 32, true), origin);
      return { offset: safeInteger(view.getBigUint64(at + 48, true), origin), entries };
    }
  }
  throw damaged(origin, 'has no directory where its end says that it is');
}

function readCentralRecord(bytes: Uint8Array, view: DataView, at: number, origin: string): CentralRecord {
  if (at + 46 > view.byteLength || view.getUint32(at, true) !== CENTRAL_HEADER) {
    throw damaged(origin, 'has a broken directory');
  }
  const nameEnd = at + 46 + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > view.byteLength) throw damaged(origin, 'has a broken directory');
  const name = new TextDecoder().decode(bytes.subarray(at + 46, nameEnd));
  const wide = readExtra64(view, nameEnd, extraEnd, origin);
  const narrowOrWide = (value: number): number => (value === FULL_32 ? wide() : value);
  // In the order in which the zip64 field lists those that did not fit.
  const size = narrowOrWide(view.getUint32(at + 24, true));
  const packed = narrowOrWide(view.getUint32(at + 20, true));
  const offset = narrowOrWide(view.getUint32(at + 42, true));
  return {
    name,
    method: view.getUint16(at + 10, true),
    isEncrypted: (view.getUint16(at + 8, true) & 1) === 1,
    crc: view.getUint32(at + 16, true),
    packed,
    size,
    offset,
    next,
  };
}

/** Gives the values of the zip64 extra field one after another. */
function readExtra64(view: DataView, from: number, to: number, origin: string): () => number {
  let at = to;
  let end = to;
  for (let field = from; field + 4 <= to; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue;
    at = field + 4;
    end = Math.min(to, at + view.getUint16(field + 2, true));
    break;
  }
  return () => {
    if (at + 8 > end) throw damaged(origin, 'has a broken directory');
    const value = safeInteger(view.getBigUint64(at, true), origin);
    at += 8;
    return value;
  };
}

function readEntry(bytes: Uint8Array, view: DataView, record: CentralRecord, origin: string): Uint8Array {
  const { name, offset, packed, size } = record;
  if (record.isEncrypted) throw damaged(origin, `holds "${name}" encrypted`);
  if (offset + 30 > view.byteLength || view.getUint32(offset, true) !== LOCAL_HEADER) {
    throw damaged(origin, `does not hold "${name}" where its directory says`);
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) throw damaged(origin, `is cut off inside "${name}"`);
  const content = unpack(bytes.subarray(start, start + packed), record, origin);
  if (content.length !== size) throw damaged(origin, `holds ${content.length} bytes of "${name}" instead of ${size}`);
  // torch.serialization.set_crc32_options(False) leaves zeros.
  if (record.crc !== 0 && crc32(content) !== record.crc) throw damaged(origin, `holds "${name}" with a wrong checksum`);
  return content;
}

function unpack(packed: Uint8Array, record: CentralRecord, origin: string): Uint8Array {
  if (record.method === STORED) return packed;
  if (record.method !== DEFLATED)
    throw damaged(origin, `holds "${record.name}" in compression ${record.method}, which is not read`);
  try {
    // The limit makes a bomb end at the size that was declared (and accepted) for it.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, record.size) });
  } catch (cause) {
    throw damaged(origin, `holds "${record.name}" damaged`, cause);
  }
}

function safeInteger(value: bigint, origin: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(origin, 'has a broken directory');
  return Number(value);
}

function damaged(origin: string, what: string, cause?: unknown): OnnxLensError {
  return new OnnxLensError('NOT_CHECKPOINT', `${origin} ${what}: its zip archive cannot be read. Get the file again.`, {
    cause,
  });
}
