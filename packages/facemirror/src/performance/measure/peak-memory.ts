import { readFileSync } from 'node:fs';

/**
 * The most memory that this process has had in RAM at once, in bytes.
 *
 * Linux counts into `resourceUsage().maxRSS` what the process that started this one had at that time (it is kept over
 * fork and exec), so that there the kernel's own high-water mark of this program's memory is read.
 */
export function peakRssBytes(): number {
  if (process.platform === 'linux') {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
