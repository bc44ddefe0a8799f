import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';

/** What a compiled model depends on of the machine. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly cpu: string;
  /** Instruction sets as the system lists them, hashed; of the processor's name where it lists none. */
  readonly features: string;
}

/** This machine. Kernels, and with them the form of weights, are chosen by the processor's instruction sets. */
export function thisMachine(): Machine {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  const features = createHash('sha256')
    .update(listedFeatures() ?? cpu)
    .digest('hex')
    .slice(0, 16);
  return { platform: platform(), arch: arch(), cpu, features };
}

function listedFeatures(): string | undefined {
  try {
    return /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  } catch {
    return undefined; // Only Linux has the file.
  }
}
