import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { availableMemory, linuxAvailableMemory } from '../../src/machine/available-memory.js';

const folders: string[] = [];

/** A folder with files as Linux has them under /proc and /sys. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'facemirror-test-'));
  folders.push(root);
  for (const [path, text] of Object.entries({
    'proc/meminfo': 'MemTotal: 16000000 kB\nMemAvailable:   8000000 kB\n',
    ...files,
  })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the memory that can still be had', () => {
  it("is the machine's, where nothing limits the process", () => {
    expect(linuxAvailableMemory(machine({}))).toBe(8_000_000 * 1024);
    const free = machine({
      'proc/self/cgroup': '0::/user.slice\n',
      'sys/fs/cgroup/user.slice/memory.max': 'max\n',
      'sys/fs/cgroup/user.slice/memory.current': '500000000\n',
    });
    expect(linuxAvailableMemory(free)).toBe(8_000_000 * 1024);
  });

  it("is a container's, without the files that were read counted as used", () => {
    const container = machine({
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.max': '1000000000\n',
      'sys/fs/cgroup/memory.current': '950000000\n',
      'sys/fs/cgroup/memory.stat':
        'anon 200000000\nfile 750000000\nfile_dirty 50000000\nfile_writeback 0\ninactive_file 600000000\nactive_file 150000000\n',
    });
    expect(linuxAvailableMemory(container)).toBe(1_000_000_000 - 950_000_000 + 700_000_000);
  });

  it('is the least of all groups that the process is in', () => {
    const nested = machine({
      'proc/self/cgroup': '0::/outer/inner\n',
      'sys/fs/cgroup/outer/memory.max': '600000000\n',
      'sys/fs/cgroup/outer/memory.current': '400000000\n',
      'sys/fs/cgroup/outer/inner/memory.max': '500000000\n',
      'sys/fs/cgroup/outer/inner/memory.current': '100000000\n',
    });
    expect(linuxAvailableMemory(nested)).toBe(200_000_000);
  });

  it('is read from control groups of the first version as well, whose names a container does not see', () => {
    const old = machine({
      'proc/self/cgroup': '9:name=systemd:/\n4:memory:/docker/0123\n1:cpu,cpuacct:/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '900000000\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '300000000\n',
      'sys/fs/cgroup/memory/memory.stat':
        'inactive_file 1\nactive_file 1\ndirty 0\ntotal_inactive_file 200000000\ntotal_active_file 50000000\ntotal_dirty 10000000\ntotal_writeback 0\n',
    });
    expect(linuxAvailableMemory(old)).toBe(840_000_000);
  });

  it('is something on this machine', () => {
    expect(availableMemory()).toBeGreaterThan(10e6);
    expect(availableMemory()).toBeLessThanOrEqual(totalmem());
  });
});
