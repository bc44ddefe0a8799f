import type { ResultFile } from 'facemirror-ui/backend/results.js';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import type { StoredPlace } from '../storage/library.js';
import { downloadAddress } from './addresses.js';
import { resultsOf } from './review-files.js';

/** The results of a video, one by one. */
export async function listResults(place: StoredPlace, site: string): Promise<readonly ResultFile[]> {
  const files = await filesOf(place);
  return files.map(({ name, size }) => ({ name, bytes: size, address: downloadAddress(site, place, name) }));
}

/** All files of the results that count, by name. */
export async function filesOf(place: StoredPlace): Promise<readonly File[]> {
  const files = await Promise.all([...(await resultsOf(place)).values()].map((file) => file.getFile()));
  return files.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Writes the results into a folder that the user picks, the record last: where it is, all is there.
 * @returns the folder's name; null where the user picked none.
 * @throws FaceMirrorError FILE_UNWRITABLE, DISK_FULL.
 */
export async function saveToFolder(place: StoredPlace, onProgress: (fraction: number) => void): Promise<string | null> {
  const folder = await pickFolder();
  if (folder === null) return null;
  const record = outputName(place.stem, 'record');
  const files = [...(await filesOf(place))].sort((a, b) => Number(a.name === record) - Number(b.name === record));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let written = 0;
  try {
    for (const file of files) {
      const writable = await (await folder.getFileHandle(file.name, { create: true })).createWritable();
      await file.stream().pipeTo(writable);
      written += file.size;
      onProgress(total === 0 ? 1 : written / total);
    }
    return folder.name;
  } catch (error) {
    const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
    throw new FaceMirrorError(
      isFull ? 'DISK_FULL' : 'FILE_UNWRITABLE',
      isFull
        ? `There is no room left in ${folder.name}: free some space or choose another folder.`
        : `The results cannot be written to ${folder.name} (${messageOf(error)}): choose another folder.`,
      { cause: error },
    );
  }
}

async function pickFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await window.showDirectoryPicker?.({ mode: 'readwrite', id: 'facemirror-results' })) ?? null;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}
