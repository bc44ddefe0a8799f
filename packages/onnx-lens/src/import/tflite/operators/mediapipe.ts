/**
 * The custom operators of MediaPipe's attention mesh, after mediapipe/util/tflite/operations (Apache-2.0), version 2 of
 * each: a crop about a feature of the face is found from the landmarks, cut out of a feature map, and what is found in
 * it brought back to the whole picture.
 */
import { toReference } from 'flatbuffers/js/flexbuffers.js';
import { messageOf } from '../../../errors.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { int64Tensor } from '../../../model/tensors.js';
import type { OperatorContext, Translation } from '../context.js';
import { channelsSecond, type Value } from '../value.js';

type Reference = ReturnType<typeof toReference>;

/** Options of a custom operator: a FlexBuffers map, of which only the asked-for keys are read. */
class CustomOptions {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  number(key: string): number {
    return this.#read(key, (found) => Number(found.numericValue()));
  }

  positive(key: string): number {
    const value = this.number(key);
    if (!(value > 0)) throw this.#context.damaged(`has the option "${key}" = ${value}, which must be above 0`);
    return value;
  }

  numbers(key: string): number[] {
    return this.#read(key, (found) => {
      const length = found.length();
      if (length > this.#context.operator.customOptions.length) throw new RangeError('too long');
      return Array.from({ length }, (_, index) => Number(found.get(index).numericValue()));
    });
  }

  #read<T>(key: string, read: (found: Reference) => T): T {
    const bytes = this.#context.operator.customOptions;
    try {
      const root = toReference(bytes.slice().buffer);
      // The library takes keys of maps too, though its types do not say so.
      return read((root as unknown as Readonly<{ get(key: string): Reference }>).get(key));
    } catch (cause) {
      throw this.#context.damaged(`has no readable option "${key}" (${messageOf(cause)})`);
    }
  }
}

function versionTwo(translation: Translation): Translation {
  return (context) => {
    if (context.operator.version !== 2) throw context.unsupported('is of a version that is not covered (2 is)');
    return translation(context);
  };
}

/**
 * Landmarks [1, n, 3] to a matrix [1, 4, 4] that takes places of the crop's grid to places of the landmarks' picture:
 * the box about a subset of the landmarks, turned so that the line between two of them lies level, grown by a scale.
 */
const landmarksToTransformMatrix: Translation = (context) => {
  const input = context.input(0);
  const options = new CustomOptions(context);
  const [, count = 0, coordinates] = input.shape;
  const places = options.numbers('subset_idxs');
  const [left, right] = [options.number('left_rotation_idx'), options.number('right_rotation_idx')];
  if (input.shape.length !== 3 || input.shape[0] !== 1 || coordinates !== 3)
    throw context.unsupported('takes landmarks of a shape that is not [1, n, 3]');
  if (
    places.length === 0 ||
    [left, right, ...places].some((place) => !Number.isInteger(place) || place < 0 || place >= count)
  ) {
    throw context.damaged(`names landmarks beyond the ${count} that there are`);
  }
  const target = options.number('target_rotation_radians');
  const size = [options.positive('output_width'), options.positive('output_height')] as const;
  const scale = [options.positive('scale_x'), options.positive('scale_y')] as const;

  const { graph } = context;
  const flat = context.node('Reshape', [context.as(input, [0, 1, 2]), graph.ints([3 * count])]);
  const pick = (dims: readonly number[], coordinates: readonly number[]): string =>
    context.node('Gather', [flat, graph.constant('coordinates', int64Tensor(dims, coordinates))], { axis: 0 });

  // Cosine and sine of the landmarks' own angle, without an arc tangent, which ONNX has in no two-argument form.
  const line = context.node('Sub', [pick([1, 2], [3 * right, 3 * right + 1]), pick([1, 2], [3 * left, 3 * left + 1])]);
  const length = context.node('Sqrt', [
    context.node('ReduceSum', [context.node('Mul', [line, line]), graph.ints([1])], { keepdims: 1 }),
  ]);
  const isPoint = context.node('Equal', [length, graph.floats([1, 1], [0])]);
  const own = context.node('Where', [isPoint, graph.floats([1, 2], [1, 0]), context.node('Div', [line, length])]);
  // The turn is target - own; the matrix of its inverse is cos, sin, -sin, cos.
  const [cos, sin] = [Math.cos(target), Math.sin(target)];
  const turn = (signOfSine: 1 | -1): string => {
    const [c, s] = [
      [cos, sin],
      [signOfSine * sin, -signOfSine * cos],
    ] as const;
    const entries = graph.floats([2, 4], [c[0], s[0], -s[0], c[0], c[1], s[1], -s[1], c[1]]);
    return context.node('Reshape', [context.node('MatMul', [own, entries]), graph.ints([2, 2])]);
  };
  const [forth, back] = [turn(-1), turn(1)];

  const chosen = pick(
    [2, places.length],
    [...places.map((place) => 3 * place), ...places.map((place) => 3 * place + 1)],
  );
  const turned = context.node('MatMul', [forth, chosen]);
  const high = context.reduce('ReduceMax', turned, [1]);
  const low = context.reduce('ReduceMin', turned, [1]);
  const span = context.node('Sub', [high, low]);
  const ends = context.node('Add', [high, low]);
  // In the turned picture: a step of the grid to the right and one down, and where the grid begins.
  const spanToGrid = graph.floats(
    [2, 4],
    [scale[0] / size[0], 0, 0, -scale[0] / 2, 0, scale[1] / size[1], 0, -scale[1] / 2],
  );
  const endsToGrid = graph.floats([2, 4], [0, 0, 0, 0.5, 0, 0, 0, 0.5]);
  const grid = context.node('Add', [context.node('Mul', [span, spanToGrid]), context.node('Mul', [ends, endsToGrid])]);
  const matrix = context.node(
    'Concat',
    [context.node('MatMul', [back, grid]), graph.floats([2, 4], [0, 0, 1, 0, 0, 0, 0, 1])],
    { axis: 0 },
  );
  return [context.made(context.node('Reshape', [matrix, graph.ints([1, 4, 4])]), [1, 4, 4], input.dataType)];
};

/**
 * A crop [1, h, w, c] of a feature map, sampled bilinearly at the places that the matrix gives for the grid; 0 outside.
 */
const transformTensorBilinear: Translation = (context) => {
  const [input, matrix] = [context.input(0), context.input(1)];
  const options = new CustomOptions(context);
  const [height, width] = [options.positive('output_height'), options.positive('output_width')];
  const [batch, inHeight = 0, inWidth = 0, channels = 0] = input.shape;
  if (input.shape.length !== 4 || batch !== 1 || String(matrix.shape) !== '1,4,4')
    throw context.unsupported('takes more than one picture, or no matrix');
  if (!Number.isInteger(height) || !Number.isInteger(width) || height * width > 1 << 22)
    throw context.damaged(`makes a crop of ${width}x${height}`);
  if (inHeight < 2 || inWidth < 2) throw context.unsupported('crops a picture that is a single row or column');

  // The grid's pixel centres, and the rows of the matrix that give x and y of their places.
  const centres = new Float32Array(3 * height * width);
  for (let place = 0; place < height * width; place++) {
    centres[place] = (place % width) + 0.5;
    centres[height * width + place] = Math.floor(place / width) + 0.5;
    centres[2 * height * width + place] = 1;
  }
  const { graph } = context;
  const affine = entries(context, matrix, [
    [0, 1, 3],
    [4, 5, 7],
  ]);
  const places = context.node('MatMul', [affine, graph.floats([3, height * width], centres)]);
  const fromMiddle = context.node('Add', [places, graph.floats([2, 1], [-inWidth / 2, -inHeight / 2])]);
  // GridSample counts from -1 at the picture's one edge to 1 at the other.
  const relative = context.node('Mul', [fromMiddle, graph.floats([2, 1], [2 / inWidth, 2 / inHeight])]);
  const grid = context.node('Reshape', [
    context.node('Transpose', [relative], { perm: [1, 0] }),
    graph.ints([1, height, width, 2]),
  ]);
  // ONNX Runtime samples twice as fast between edges as between the outer pixels' centres (align_corners).
  const sampled = context.node('GridSample', [context.as(input, channelsSecond(4)), grid], {
    mode: context.settings.opset >= 20 ? 'linear' : 'bilinear',
    padding_mode: 'zeros',
    align_corners: 0,
  });
  // GridSample fades out over the pixel beyond the outer pixels' centres, where the original is 0 at once.
  const isWithin = context.node('LessOrEqual', [
    context.node('Abs', [fromMiddle]),
    graph.floats([2, 1], [(inWidth - 1) / 2, (inHeight - 1) / 2]),
  ]);
  const inside = context.reduce('ReduceMin', context.node('Cast', [isWithin], { to: DataType.FLOAT }), [0]);
  const mask = context.node('Reshape', [inside, graph.ints([1, 1, height, width])]);
  return [
    context.made(context.node('Mul', [sampled, mask]), [1, height, width, channels], input.dataType, channelsSecond(4)),
  ];
};

/** Entries of a matrix [1, 4, 4], by their places in memory, as a matrix. */
function entries(context: OperatorContext, matrix: Value, rows: readonly (readonly number[])[]): string {
  const flat = context.node('Reshape', [context.as(matrix, [0, 1, 2]), context.graph.ints([16])]);
  const chosen = int64Tensor([rows.length, rows[0]?.length ?? 0], rows.flat());
  return context.node('Gather', [flat, context.graph.constant('entries', chosen)], { axis: 0 });
}

/** Landmarks [1, n, 2 or 3] with x and y taken through the matrix. */
const transformLandmarks: Translation = (context) => {
  const [input, matrix] = [context.input(0), context.input(1)];
  const [batch, count = 0, dimensions = 0] = input.shape;
  if (
    input.shape.length !== 3 ||
    batch !== 1 ||
    (dimensions !== 2 && dimensions !== 3) ||
    String(matrix.shape) !== '1,4,4'
  ) {
    throw context.unsupported('takes landmarks of a shape that is not [1, n, 2 or 3]');
  }
  const points = context.node('Reshape', [context.as(input, [0, 1, 2]), context.graph.ints([count, dimensions])]);
  const slice = (from: number, to: number): string =>
    context.node('Slice', [points, context.graph.ints([from]), context.graph.ints([to]), context.graph.ints([1])]);
  const flatPoints = dimensions === 2 ? points : slice(0, 2);
  const turned = context.node('MatMul', [
    flatPoints,
    entries(context, matrix, [
      [0, 4],
      [1, 5],
    ]),
  ]);
  const moved = context.node('Add', [turned, entries(context, matrix, [[3, 7]])]);
  const result = dimensions === 2 ? moved : context.node('Concat', [moved, slice(2, 3)], { axis: 1 });
  return [
    context.made(
      context.node('Reshape', [result, context.graph.ints([1, count, dimensions])]),
      input.shape,
      input.dataType,
    ),
  ];
};

/** MediaPipe's custom operators by name. */
export const MEDIAPIPE: Readonly<Record<string, Translation>> = {
  Landmarks2TransformMatrix: versionTwo(landmarksToTransformMatrix),
  TransformTensorBilinear: versionTwo(transformTensorBilinear),
  TransformLandmarks: versionTwo(transformLandmarks),
};
