import type { CheckpointTensor } from 'onnx-lens/graph';
import type { Architecture, ArchitectureName } from './architecture.js';
import { MTL } from './mtl.js';
import { RETINAFACE } from './retinaface.js';
import { STAR } from './star.js';

/** The networks of the suite openface3 by name. */
export const ARCHITECTURES: Readonly<Record<ArchitectureName, Architecture>> = {
  retinaface: RETINAFACE,
  star: STAR,
  mtl: MTL,
};

/**
 * The network whose tensors these are, by their names: the one that shares most with them, if that is at least half of
 * what it needs. Shapes and completeness are for {@link checkpointWeights} to check.
 */
export function identifyCheckpoint(tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'dims'>>): Architecture | null {
  const shares = Object.values(ARCHITECTURES).map((architecture) => {
    const needed = architecture.tensors().filter(({ optional }) => optional !== true);
    return { architecture, share: needed.filter(({ name }) => tensors.has(name)).length / needed.length };
  });
  const best = shares.reduce((most, each) => (each.share > most.share ? each : most));
  return best.share >= 0.5 ? best.architecture : null;
}
