import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { linuxGivenCores, usableCores } from '../../src/machine/usable-cores.js';

const folders: string[] = [];

/** A folder with files as Linux has them under /proc and /sys. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'facemirror-test-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the cores that a container gives', () => {
  it('are not limited where no group has a limit', () => {
    expect(linuxGivenCores(machine({}))).toBeNull();
    expect(
      linuxGivenCores(
        machine({ 'proc/self/cgroup': '0::/user.slice\n', 'sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n' }),
      ),
    ).toBeNull();
    expect(
      linuxGivenCores(
        machine({
          'proc/self/cgroup': '1:cpu,cpuacct:/\n',
          'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
          'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
        }),
      ),
    ).toBeNull();
  });

  it('are its time in each period, rounded up', () => {
    expect(linuxGivenCores(machine({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '200000 100000\n' }))).toBe(
      2,
    );
    expect(linuxGivenCores(machine({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '150000 100000\n' }))).toBe(
      2,
    );
    expect(linuxGivenCores(machine({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' }))).toBe(
      1,
    );
  });

  it('are the least of all groups that the process is in', () => {
    const nested = {
      'proc/self/cgroup': '0::/outer/inner\n',
      'sys/fs/cgroup/outer/cpu.max': '300000 100000\n',
      'sys/fs/cgroup/outer/inner/cpu.max': '800000 100000\n',
    };
    expect(linuxGivenCores(machine(nested))).toBe(3);
  });

  it('are read from control groups of the first version as well', () => {
    for (const mount of ['cpu', 'cpu,cpuacct']) {
      const files = {
        'proc/self/cgroup': '4:memory:/docker/0123\n1:cpu,cpuacct:/docker/0123\n',
        [`sys/fs/cgroup/${mount}/cpu.cfs_quota_us`]: '400000\n',
        [`sys/fs/cgroup/${mount}/cpu.cfs_period_us`]: '100000\n',
      };
      expect(linuxGivenCores(machine(files))).toBe(4);
    }
  });

  it("are never more than the machine's", () => {
    expect(usableCores()).toBeGreaterThanOrEqual(1);
    expect(usableCores()).toBeLessThanOrEqual(availableParallelism());
  });
});
