import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { serializeModel } from 'onnx-lens';
import { writeFileWhole } from 'onnx-lens/internal';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { sha256 } from '../../files/hash.js';
import { unreadable } from '../../files/unreadable.js';
import type { ArchitectureName } from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURE_NAMES } from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { importedPath, prepareNetwork } from './files.js';

/** What is kept beside an imported network. */
export interface ImportRecord {
  readonly network: ArchitectureName;
  /** Name of the file that it was made of, and what that was. */
  readonly source: string;
  readonly sourceKind: 'checkpoint' | 'onnx';
  readonly sourceSha256: string;
  /** Of the ONNX file in the cache. */
  readonly sha256: string;
}

/**
 * Puts a network into the cache, as ONNX, with a record of where it came from.
 * @throws FaceMirrorError FILE_UNREADABLE, FILE_UNWRITABLE, MODEL_CORRUPT, CHECKPOINT_MISMATCH.
 */
export async function importNetwork(path: string): Promise<ImportRecord> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const { name, model, kind } = prepareNetwork(bytes, path);
  const onnx = serializeModel(model);
  const record: ImportRecord = {
    network: name,
    source: basename(path),
    sourceKind: kind,
    sourceSha256: sha256(bytes),
    sha256: sha256(onnx),
  };
  try {
    writeFileWhole(importedPath(name), onnx);
    writeFileWhole(recordPath(name), `${JSON.stringify(record, null, 2)}\n`);
  } catch (cause) {
    throw new FaceMirrorError('FILE_UNWRITABLE', messageOf(cause), { cause });
  }
  return record;
}

/** How an imported network is. */
export type ImportState =
  | { readonly state: 'absent' }
  | { readonly state: 'intact'; readonly record: ImportRecord }
  | { readonly state: 'damaged'; readonly why: string };

/** Reads every imported network and holds it against its record. */
export async function verifyImports(): Promise<ReadonlyMap<ArchitectureName, ImportState>> {
  const states = new Map<ArchitectureName, ImportState>();
  for (const name of ARCHITECTURE_NAMES) states.set(name, await verifyImport(name));
  return states;
}

async function verifyImport(name: ArchitectureName): Promise<ImportState> {
  const bytes = await readFile(importedPath(name)).catch(() => null);
  if (bytes === null) return { state: 'absent' };
  const record = await readRecord(name);
  if (record === null) return { state: 'damaged', why: 'its record is missing or cannot be read' };
  if (record.sha256 !== sha256(bytes)) return { state: 'damaged', why: 'its content is not what was imported' };
  try {
    const found = prepareNetwork(bytes, importedPath(name)).name;
    return found === name ? { state: 'intact', record } : { state: 'damaged', why: `it holds ${found}` };
  } catch (error) {
    return { state: 'damaged', why: messageOf(error) };
  }
}

async function readRecord(name: ArchitectureName): Promise<ImportRecord | null> {
  try {
    const record = JSON.parse(await readFile(recordPath(name), 'utf8')) as ImportRecord;
    return typeof record.sha256 === 'string' && record.network === name ? record : null;
  } catch {
    return null;
  }
}

function recordPath(name: ArchitectureName): string {
  return importedPath(name).replace(/\.onnx$/, '.json');
}
