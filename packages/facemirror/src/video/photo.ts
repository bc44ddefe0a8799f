import type { FileHandle } from 'node:fs/promises';

/** Brands of still pictures in ISO media files (ISO/IEC 23008-12), of which FFmpeg would show a single tile. */
const STILL_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'mif1', 'mif2', 'avif']);

/**
 * The name of a photo's format; null for a file that is no photo. A stream of JPEG pictures is one by its name only.
 */
export async function photoFormat(file: FileHandle, path: string): Promise<string | null> {
  const start = Buffer.alloc(12);
  await file.read(start, 0, start.length, 0);
  if (start.readUInt32BE(0) === 0x89504e47) return 'PNG';
  if (start.readUIntBE(0, 3) === 0xffd8ff && /\.jpe?g$/i.test(path)) return 'JPEG';
  if (start.toString('latin1', 4, 8) === 'ftyp' && STILL_BRANDS.has(start.toString('latin1', 8, 12))) return 'HEIF';
  return null;
}
