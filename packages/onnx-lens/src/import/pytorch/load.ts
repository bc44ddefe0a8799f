import { readFileWhole } from '../../files.js';
import { parseCheckpoint, type Checkpoint, type CheckpointOptions } from './checkpoint.js';

/**
 * Reads the weights of a torch.save file (zip or older format) or a safetensors file without PyTorch and without
 * running any of its code. Objects beside the weights (settings, NumPy arrays, dates) are passed over; of a whole
 * module that was saved, the weights are read.
 *
 * @throws OnnxLensError FILE_UNREADABLE, NOT_CHECKPOINT, UNSAFE_PICKLE (naming what was refused), TENSOR_INVALID.
 *
 * @example
 * const { tensors } = loadCheckpoint('weights.safetensors');
 * tensors.get('bias')?.dims; // [2]
 */
export function loadCheckpoint(path: string, options: CheckpointOptions = {}): Checkpoint {
  return parseCheckpoint(readFileWhole(path, 'the checkpoint'), path, options);
}
