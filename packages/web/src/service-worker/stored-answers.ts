import { makeZip, predictLength } from 'client-zip';
import { messageOf } from 'facemirror-core/errors.js';
import type { StoredAddress } from '../backend/addresses.js';
import { filesOf } from '../backend/saved-results.js';
import { servedFile, type StoredPlace } from '../storage/library.js';
import { SITE_HEADERS } from './site-headers.js';

/** Anything else is handed out as bytes, so that no stored file can act as a page of this site. */
const TYPES: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  webm: 'video/webm',
  mov: 'video/quicktime',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
};

/** A stored file, or the part of it that is asked for. */
export async function storedFile(
  { place, name, isDownload }: Extract<StoredAddress, { kind: 'file' }>,
  range: string | null,
): Promise<Response> {
  const file = await found(() => servedFile(place, name));
  if (!(file instanceof File)) return file;
  const headers = {
    ...SITE_HEADERS,
    'Content-Type': TYPES[name.replace(/^.*\./, '').toLowerCase()] ?? 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    ...(isDownload ? { 'Content-Disposition': attachment(name) } : {}),
    'Cache-Control': 'no-store',
  };
  const part = partOf(range, file.size);
  if (part === null) return new Response(file, { headers: { ...headers, 'Content-Length': String(file.size) } });
  if (part === 'unfit')
    return new Response(null, { status: 416, headers: { ...headers, 'Content-Range': `bytes */${file.size}` } });
  const { first, last } = part;
  return new Response(file.slice(first, last + 1), {
    status: 206,
    headers: {
      ...headers,
      'Content-Length': String(last + 1 - first),
      'Content-Range': `bytes ${first}-${last}/${file.size}`,
    },
  });
}

/** All results of a video in one file, made while it is read. */
export async function zipOf(place: StoredPlace): Promise<Response> {
  const files = await found(() => filesOf(place));
  if (files instanceof Response) return files;
  const length = predictLength(files.map(({ name, size }) => ({ name, size })));
  return new Response(makeZip(files), {
    headers: {
      ...SITE_HEADERS,
      'Content-Type': 'application/zip',
      'Content-Length': String(length),
      'Content-Disposition': attachment(`${place.stem}.zip`),
      'Cache-Control': 'no-store',
    },
  });
}

/** The browser saves it under that name, and does not leave the page. */
function attachment(name: string): string {
  return `attachment; filename*=UTF-8''${encodeURIComponent(name)}`;
}

async function found<T>(look: () => Promise<T | null>): Promise<T | Response> {
  try {
    return (await look()) ?? missing('There is no such file in this browser.');
  } catch (error) {
    return missing(messageOf(error));
  }
}

function missing(sentence: string): Response {
  return new Response(sentence, {
    status: 404,
    headers: { ...SITE_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}

/** The bytes that a range asks for; null for the whole file, also where several ranges are asked for. */
function partOf(
  range: string | null,
  size: number,
): { readonly first: number; readonly last: number } | 'unfit' | null {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === '' && to === '') return null;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(size - 1, Number(to));
  return first > last || first >= size ? 'unfit' : { first, last };
}
