import { OnnxLensError } from '../../errors.js';
import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { Graph } from '../../model/graph.js';
import { valueType } from '../../shapes/value-type.js';

/** Width and height of a picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The sizes of the free height and width of the model's picture input: the one named, else the first of four axes.
 * @returns by dimension name, as `fix` takes them.
 * @throws OnnxLensError USAGE where no input leaves its height and width free.
 */
export function fixForPicture(
  model: ModelProto,
  { width, height }: PictureSize,
  input?: string,
): Readonly<Record<string, number>> {
  const inputs = model.graph === undefined ? [] : new Graph(model.graph).inputs;
  const chosen = inputs.find(({ name, type }) =>
    input === undefined ? valueType(type).shape?.length === 4 : name === input,
  );
  const shape = chosen === undefined ? null : valueType(chosen.type).shape;
  if (chosen === undefined || shape?.length !== 4)
    throw new OnnxLensError(
      'USAGE',
      'No input of the model has the four axes of a picture, so --input-sizes has nothing to set.',
    );
  const rows = shape[3] === 3 || shape[3] === 1 ? 1 : 2;
  const sizes = [height, width].map((size, place) => {
    const dim = shape[rows + place];
    if (typeof dim === 'number') {
      if (dim === size) return undefined;
      throw new OnnxLensError(
        'USAGE',
        `Input "${chosen.name}" is ${dim} pixels ${place === 0 ? 'high' : 'wide'} and cannot become ${size}; export the ONNX model with free height and width.`,
      );
    }
    return [dim === '' || dim === undefined ? `${chosen.name}[${rows + place}]` : dim, size] as const;
  });
  return Object.fromEntries(sizes.filter((each) => each !== undefined));
}
