import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Linux's control groups limit. */
export type Controller = 'memory' | 'cpu';

/**
 * The folders of the control groups that this process is in, and of all that they are in: each may have a limit. A
 * container sees its own as the mount's root, whatever its name outside.
 * @param root `/`, or a folder with a `proc` and a `sys` like those of Linux.
 */
export function controlGroups(root: string, controller: Controller): string[] {
  const folders = new Set<string>();
  for (const line of (readOrNull(join(root, 'proc/self/cgroup')) ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const parts = path.split('/').filter((part) => part !== '' && part !== '..');
    for (const mount of mounts(controllers, controller)) {
      for (let depth = 0; depth <= parts.length; depth++) folders.add(join(root, mount, ...parts.slice(0, depth)));
    }
  }
  return [...folders];
}

/**
 * Where the groups of a line of /proc/self/cgroup lie: those of version 2 have no controllers, those of version 1 a
 * folder for each, or for several.
 */
function mounts(controllers: string, controller: Controller): string[] {
  if (controllers === '') return ['sys/fs/cgroup'];
  if (!controllers.split(',').includes(controller)) return [];
  return [...new Set([`sys/fs/cgroup/${controller}`, `sys/fs/cgroup/${controllers}`])];
}

/** The number that a file holds; null where there is no such file, or where it says "max". */
export function numberIn(path: string): number | null {
  const text = readOrNull(path)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
}

export function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
