import { totalmem } from 'node:os';
import { join } from 'node:path';
import { controlGroups, numberIn, readOrNull } from './control-groups.js';

/**
 * Bytes that this process can still get: what the machine has left, or the container that it runs in, whichever is
 * less.
 *
 * Of a container's memory, Node.js counts the pages of files that were read as used up, though they are given up at
 * once when somebody needs them: after a few videos nothing would seem to be left. macOS keeps hardly any memory free;
 * what it would give up at once does not count as such there.
 */
export function availableMemory(): number {
  if (process.platform === 'darwin') return Math.max(process.availableMemory(), totalmem() / 2);
  if (process.platform !== 'linux') return process.availableMemory();
  return linuxAvailableMemory('/') ?? process.availableMemory();
}

/**
 * {@link availableMemory} as Linux's files under `root` say; null when they do not.
 * @param root `/`, or a folder with a `proc` and a `sys` like those of Linux.
 */
export function linuxAvailableMemory(root: string): number | null {
  const machine = kilobytesOf(readOrNull(join(root, 'proc/meminfo')), 'MemAvailable');
  const groups = controlGroups(root, 'memory').flatMap((folder) => leftInGroup(folder) ?? []);
  const least = Math.min(machine ?? Infinity, ...groups);
  return Number.isFinite(least) ? least : null;
}

/** A group's limit less what is used of it, without the pages of files; null for a group without a limit. */
function leftInGroup(folder: string): number | null {
  const limit = numberIn(join(folder, 'memory.max')) ?? numberIn(join(folder, 'memory.limit_in_bytes'));
  const used = numberIn(join(folder, 'memory.current')) ?? numberIn(join(folder, 'memory.usage_in_bytes'));
  if (limit === null || used === null) return null;
  return Math.max(0, limit - Math.max(0, used - filePages(readOrNull(join(folder, 'memory.stat')) ?? '')));
}

/**
 * Bytes of files' pages that can be given up at once: those that are not waiting to be written. Version 1 has those of
 * the groups inside under `total_`.
 */
function filePages(stat: string): number {
  const bytes = (name: string): number =>
    Number(
      new RegExp(`^total_${name} (\\d+)$`, 'm').exec(stat)?.[1] ??
        new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ??
        0,
    );
  const waiting = bytes('dirty') + bytes('writeback') + bytes('file_dirty') + bytes('file_writeback');
  return Math.max(0, bytes('inactive_file') + bytes('active_file') - waiting);
}

function kilobytesOf(text: string | null, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1];
  return found === undefined ? null : Number(found) * 1024;
}
