import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { controlGroups, numberIn, readOrNull } from './control-groups.js';

/**
 * Cores that this process can keep busy: those it may run on, or the time that its container is given, whichever is
 * less. The time, Node.js counts only from version 22 on: a container of two cores on a machine of 64 would get workers
 * and threads for 64, which wait for each other.
 */
export function usableCores(): number {
  const given = process.platform === 'linux' ? linuxGivenCores('/') : null;
  return given === null ? availableParallelism() : Math.max(1, Math.min(availableParallelism(), given));
}

/**
 * Cores whose time Linux's control groups give this process, rounded up; null where none limits it.
 * @param root `/`, or a folder with a `proc` and a `sys` like those of Linux.
 */
export function linuxGivenCores(root: string): number | null {
  const least = Math.min(...controlGroups(root, 'cpu').map((folder) => coresOf(folder) ?? Infinity));
  return Number.isFinite(least) ? Math.ceil(least) : null;
}

/** A group's share of time: microseconds that it may compute in each period. Null for a group without a limit. */
function coresOf(folder: string): number | null {
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(readOrNull(join(folder, 'cpu.max')) ?? '') ?? [];
  const given = quota === undefined ? numberIn(join(folder, 'cpu.cfs_quota_us')) : Number(quota);
  const each = period === undefined ? numberIn(join(folder, 'cpu.cfs_period_us')) : Number(period);
  return given === null || each === null || given === 0 || each === 0 ? null : given / each;
}
