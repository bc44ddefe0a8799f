import { SharedFolder } from './shared-folder.js';
import type { Storage } from './storage.js';

/**
 * The storage at a root: a folder, or `s3://bucket/prefix`.
 * @throws FaceMirrorError USAGE for a root that is not there.
 */
export async function openStorage(root: string): Promise<Storage> {
  if (!root.startsWith('s3://')) return SharedFolder.open(root);
  const { openS3 } = await import('./s3-storage.js');
  return openS3(root);
}
