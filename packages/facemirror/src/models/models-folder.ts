import { stat } from 'node:fs/promises';
import { FaceMirrorError } from 'facemirror-core/errors.js';

/** @throws FaceMirrorError USAGE when the user's folder of model files does not exist, or is no folder. */
export async function requireModelsFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new FaceMirrorError(
      'USAGE',
      `There is no folder ${folder}: \`modelsFolder\` takes the folder that holds your model files.`,
    );
}
