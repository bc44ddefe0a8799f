import type { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Tensor } from '../../model/tensors.js';

/** One named tensor of a checkpoint. Its shape is known at once, its values are read when asked for. */
export interface CheckpointTensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /**
   * The values in row-major order: a view of the file's bytes where they lie so, else a copy.
   * @throws OnnxLensError NOT_CHECKPOINT when the file's bytes for it are damaged.
   */
  readonly read: () => Tensor;
}
