import { readFile } from 'node:fs/promises';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { unreadable } from './unreadable.js';

/**
 * The content of a JSON file that this program wrote.
 * @param isValid whether the parsed content is what it should be.
 * @param expected what the file should have been, as the end of the sentence "FILE is not ...".
 * @throws FaceMirrorError FILE_UNREADABLE for a file that cannot be read, or is something else.
 */
export async function readJsonFile<T>(
  path: string,
  isValid: (value: unknown) => value is T,
  expected: string,
): Promise<T> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isValid(value)) return value;
  } catch {
    // Not JSON: not the file that was expected either.
  }
  throw new FaceMirrorError('FILE_UNREADABLE', `${path} is not ${expected}`);
}
