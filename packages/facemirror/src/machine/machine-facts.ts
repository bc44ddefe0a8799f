import { cpus, totalmem } from 'node:os';

/** The machine that a run was made on, for its record. */
export interface MachineFacts {
  /** Such as `linux-x64`. */
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
}

/** The machine that this runs on. */
export function machineFacts(): MachineFacts {
  return {
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
  };
}
