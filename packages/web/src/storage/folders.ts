import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';

/** Names from the root of the browser's private storage down to a folder. */
export type FolderPath = readonly string[];

/** A user's name as the name of a folder or file. */
export function storedName(name: string): string {
  return encodeURIComponent(name).replace(/^\.+/, (dots) => dots.replaceAll('.', '%2E'));
}

/** The folder of a path, made with all above it where they are not there. */
export async function makeFolder(path: FolderPath): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const name of path) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder;
}

/** The folder of a path, or null. */
export async function findFolder(path: FolderPath): Promise<FileSystemDirectoryHandle | null> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of path) folder = await folder.getDirectoryHandle(name);
    return folder;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A file of a folder, or null. */
export async function findFile(folder: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Replaces a small file; readers see the old content or the new, never a part. */
export async function writeWhole(folder: FileSystemDirectoryHandle, name: string, text: string): Promise<void> {
  try {
    const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await writable.write(text);
    await writable.close();
  } catch (error) {
    throw unwritable(error);
  }
}

/** Removes a file or a folder with all that is in it, where it is there. */
export async function removeEntry(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** A failed write to the browser's storage, as the error that a user is to see. */
export function unwritable(error: unknown): FaceMirrorError {
  if (error instanceof FaceMirrorError) return error;
  if (isFull(error))
    return new FaceMirrorError(
      'DISK_FULL',
      'The storage that this browser gives to Face Mirror is full: save results that you need, remove videos from the library, and try again.',
      { cause: error },
    );
  return new FaceMirrorError(
    'FILE_UNWRITABLE',
    `This browser's storage cannot be written (${messageOf(error)}): leave private browsing, or allow this site to store data.`,
    { cause: error },
  );
}

function isFull(error: unknown): boolean {
  return (
    error instanceof DOMException && (error.name === 'QuotaExceededError' || /no space|quota/i.test(error.message))
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError');
}
