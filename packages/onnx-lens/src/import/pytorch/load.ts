import { readFileWhole } from '../../files.js';
import { parseCheckpoint, type Checkpoint, type CheckpointOptions } from './checkpoint.js';

/**
 * Reads the weights of a torch.save file (zip or older format) or a safetensors file without PyTorch and without
 * running any of its code. Objects beside the weights (settings, NumPy arrays, dates) are passed over; of a whole
 * module that was saved, the weights are read.
 *
 * @example
 * const { tensors } = loadCheckpoint('mobilenet0.25_Final.pth');
 * tensors.get('body.stage1.0.0.weight')?.dims; // [8, 3, 3, 3]
 * @throws OnnxLensError FILE_UNREADABLE, NOT_CHECKPOINT, UNSAFE_PICKLE (naming what was refused), TENSOR_INVALID.
 */
export function loadCheckpoint(path: string, options: CheckpointOptions = {}): Checkpoint {
  return parseCheckpoint(readFileWhole(path, 'the checkpoint'), path, options);
}
