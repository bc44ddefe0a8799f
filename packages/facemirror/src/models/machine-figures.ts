import { readFile } from 'node:fs/promises';
import { OnnxLensError, runtimeVersion } from 'onnx-lens';
import { thisMachine, writeFileWhole } from 'onnx-lens/internal';

/**
 * Figures that were measured on this machine and kept in a file; null where there are none, or those of another
 * machine. What a network costs is a matter of the processor and of ONNX Runtime's version.
 */
export async function readFigures(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const { machine, ...figures } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    return machine === machineName() ? figures : null;
  } catch {
    return null;
  }
}

/**
 * Keeps figures of this machine, in place of those that the file holds. Where it cannot be written, they are measured
 * again the next time.
 */
export function keepFigures(path: string, figures: Readonly<Record<string, unknown>>): void {
  try {
    writeFileWhole(path, `${JSON.stringify({ machine: machineName(), ...figures }, null, 2)}\n`);
  } catch (cause) {
    if (!(cause instanceof OnnxLensError)) throw cause;
  }
}

function machineName(): string {
  const { platform, arch, cpu, features } = thisMachine();
  return [platform, arch, cpu, features, `ONNX Runtime ${runtimeVersion()}`].join(', ');
}
