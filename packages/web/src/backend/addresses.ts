import { idOf, placeOf, type StoredPlace } from '../storage/library.js';

/** The service worker answers these from the browser's own storage; no request leaves the computer. */
const FILES = 'stored/files/';
const ZIPS = 'stored/zips/';
const DOWNLOAD = '?download';

/** Address of a stored file, under the site's. */
export function fileAddress(site: string, place: StoredPlace, name: string): string {
  return new URL(`${FILES}${encodeURIComponent(idOf(place))}/${encodeURIComponent(name)}`, site).href;
}

/**
 * Address under which the browser saves a stored file. Links to it must not say `download` themselves: such requests go
 * past the service worker.
 */
export function downloadAddress(site: string, place: StoredPlace, name: string): string {
  return `${fileAddress(site, place, name)}${DOWNLOAD}`;
}

/** Address of a zip of all results of a video. */
export function zipAddress(site: string, video: string): string {
  return new URL(`${ZIPS}${encodeURIComponent(video)}`, site).href;
}

export type StoredAddress =
  | { readonly kind: 'file'; readonly place: StoredPlace; readonly name: string; readonly isDownload: boolean }
  | { readonly kind: 'zip'; readonly place: StoredPlace };

/** What an address stands for; null for one that is none of these. */
export function storedAddress(site: string, address: string): StoredAddress | null {
  if (!address.startsWith(site)) return null;
  const path = address.slice(site.length).replace(/[?#].*$/, '');
  const [kind, rest] = path.startsWith(FILES)
    ? (['file', path.slice(FILES.length)] as const)
    : path.startsWith(ZIPS)
      ? (['zip', path.slice(ZIPS.length)] as const)
      : [null, ''];
  if (kind === null) return null;
  const [video = '', name = ''] = rest.split('/').map(decodeURIComponent);
  const place = placeOf(video);
  return kind === 'zip' ? { kind, place } : { kind, place, name, isDownload: address.endsWith(DOWNLOAD) };
}
