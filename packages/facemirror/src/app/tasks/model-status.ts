import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { ModelFile, SuiteManifest } from 'facemirror-core/suites/suite.js';
import { SUITE_NAMES } from 'facemirror-core/suites/suite.js';
import { askAbout, download } from '../../models/download.js';
import { importNetwork } from '../../suites/openface3/imported.js';
import { suiteByName } from '../../suites/suites.js';

/** One model file, as the page shows it. */
interface FileStatus extends Pick<ModelFile, 'name' | 'purpose' | 'licence' | 'licenceUrl' | 'optional'> {
  readonly state: 'present' | 'missing';
  readonly bytes: number | null;
}

export interface SuiteStatus {
  readonly suite: string;
  readonly title: string;
  readonly files: readonly FileStatus[];
  readonly licenceToAccept: SuiteManifest['licenceToAccept'];
}

/** Every suite with what is there of its files. */
export async function suitesWithFiles(): Promise<readonly SuiteStatus[]> {
  return Promise.all(
    SUITE_NAMES.map(async (name) => {
      const suite = await suiteByName(name);
      const { manifest } = suite;
      const present = await suite.present(manifest.files.map((file) => ({ file, sha256: file.sha256 ?? null })));
      return {
        suite: name,
        title: manifest.title,
        files: manifest.files.map((file): FileStatus => {
          const { name: fileName, purpose, licence, licenceUrl, optional } = file;
          // Files of packages came with the program.
          const state = file.origin.kind === 'package' || present.has(file) ? 'present' : 'missing';
          return { name: fileName, purpose, licence, licenceUrl, optional, state, bytes: file.bytes ?? null };
        }),
        licenceToAccept: manifest.licenceToAccept,
      };
    }),
  );
}

/** Titles of the cached networks that are damaged. */
export async function damagedNetworks(): Promise<readonly string[]> {
  const cached = await Promise.all(SUITE_NAMES.map(async (name) => (await suiteByName(name)).cached()));
  return cached.flat().flatMap(({ title, state }) => (state === 'damaged' ? [title] : []));
}

/**
 * Fetches the missing files of a suite.
 * @throws FaceMirrorError LICENCE_NOT_ACCEPTED, DOWNLOAD_FAILED, MODEL_CORRUPT.
 */
export async function pullSuite(name: string, licenceAccepted: boolean): Promise<void> {
  const suite = await suiteByName(name);
  const { files, licenceToAccept } = suite.manifest;
  if (licenceToAccept !== null && !licenceAccepted)
    throw new FaceMirrorError('LICENCE_NOT_ACCEPTED', `Nothing was fetched: accept the ${licenceToAccept.name} first.`);
  const { signal } = new AbortController();
  for (const file of files) {
    if (file.origin.kind !== 'download') continue;
    const { url } = file.origin;
    const remote = await askAbout(url, { signal });
    const sha256 = file.sha256 ?? remote.sha256;
    if ((await suite.present([{ file, sha256 }])).has(file)) continue;
    const path = join(suite.downloadFolder(), file.name);
    await download({ url, path, sha256, bytes: file.bytes ?? remote.bytes, signal, onProgress: () => undefined });
    await suite.adopt?.(path);
  }
}

/** Takes a checkpoint or ONNX file of the suite openface3 into the cache. Gives a sentence on what it was. */
export async function importFile(path: string): Promise<string> {
  const { network, sourceSha256 } = await importNetwork(path);
  return `Imported: ${network} (SHA-256 ${sourceSha256.slice(0, 16)}…).`;
}
