import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { CohortVisit } from 'facemirror-core/cohort/cohort.js';
import { unreadable } from '../files/unreadable.js';
import { readExamination } from './stored.js';

/** A cohort that was read, and sentences on what of it was left out. */
export interface Cohort {
  readonly visits: readonly CohortVisit[];
  readonly notes: readonly string[];
}

/**
 * Reads the examinations of all runs in a folder and the folders in it. Subject and visit are those that a run was given;
 * else the names of the folders: `subject/visit/...`, or the subject alone.
 * @throws FaceMirrorError FILE_UNREADABLE for a folder that is not there, USAGE for one without results
 */
export async function readCohort(folder: string, signal: AbortSignal): Promise<Cohort> {
  const visits: CohortVisit[] = [];
  const notes: string[] = [];
  for (const path of await recordsIn(folder)) {
    if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped; no table was written.');
    try {
      const { record, result } = await readExamination(path);
      const parts = relative(folder, dirname(path))
        .split(sep)
        .filter((part) => part !== '');
      const { subject, visit } = record.settings;
      visits.push({
        subject: subject ?? parts[0] ?? basename(path, '.json'),
        visit: visit ?? parts[1] ?? '',
        suite: record.suite.name,
        examination: result.examination,
      });
    } catch (error) {
      if (!(error instanceof FaceMirrorError)) throw error;
      notes.push(error.message);
    }
  }
  if (visits.length === 0)
    throw new FaceMirrorError(
      'USAGE',
      `${folder} holds no results that can be read: give a folder in which "facemirror run" wrote some.`,
    );
  return { visits, notes };
}

/** Paths of what may be records: a JSON file with a frames file beside it. */
async function recordsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const found: string[] = [];
  for (const path of paths) {
    const isThere = await stat(path.replace(/\.json$/, '_frames.bin')).then(
      () => true,
      () => false,
    );
    if (isThere) found.push(path);
  }
  return found;
}
