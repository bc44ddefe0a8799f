/**
 * The custom operators of MediaPipe's attention mesh, after mediapipe/util/tflite/operations (Apache-2.0), version 2 of
 * each: a crop about a feature of the face is found from the landmarks, cut out of a feature map, and what is found in
 * it brought back to the whole picture.
 */
import { toReference } from 'flatbuffers/js/flexbuffers.js';
import { messageOf } from '../../../errors.js';
import { int64Tensor } from '../../../model/tensors.js';
import type { OperatorContext, Translation } from '../context.js';
import { channelsSecond } from '../value.js';

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
  if (input.shape.length !== 3 || input.shape[0] !== 1 || coordinates !== 3) throw context.unsupported('takes landmarks of a shape that is not [1, n, 3]');
  if (places.length === 0 || [left, right, ...places].some((place) => !Number.isInteger(place) || place < 0 || place >= count)) {
    throw context.damaged(`names landmarks beyond the ${count} that there are`);
  }
  const target = options.number('target_rotation_radians');
  const size = [options.positive('output_width'), options.positive('output_height')] as const;
  const scale = [options.positive('scale_x'), options.positive('scale_y')] as const;

  const scalar = (value: number): string => context.graph.floats([1], [value]);
  const points = context.as(input, [0, 1, 2]);
  const pick = (which: readonly number[], coordinate: number): string => {
    const all = context.node('Gather', [points, context.graph.constant('coordinate', int64Tensor([], [coordinate]))], { axis: 2 });
    const flat = context.node('Reshape', [all, context.graph.ints([count])]);
    return context.node('Gather', [flat, context.graph.ints(which)], { axis: 0 });
  };
  const [add, subtract, multiply, divide] = (['Add', 'Sub', 'Mul', 'Div'] as const).map(
    (opType) => (a: string, b: string) => context.node(opType, [a, b]),
  ) as [Join, Join, Join, Join];

  // Cosine and sine of the landmarks' own angle, without an arc tangent, which ONNX has in no two-argument form.
  const dx = subtract(pick([right], 0), pick([left], 0));
  const dy = subtract(pick([right], 1), pick([left], 1));
  const length = context.node('Sqrt', [add(multiply(dx, dx), multiply(dy, dy))]);
  const isPoint = context.node('Equal', [length, scalar(0)]);
  const safeLength = context.node('Where', [isPoint, scalar(1), length]);
  const cosOwn = context.node('Where', [isPoint, scalar(1), divide(dx, safeLength)]);
  const sinOwn = divide(dy, safeLength);
  // The turn is target - own.
  const cos = add(multiply(cosOwn, scalar(Math.cos(target))), multiply(sinOwn, scalar(Math.sin(target))));
  const sin = subtract(multiply(cosOwn, scalar(Math.sin(target))), multiply(sinOwn, scalar(Math.cos(target))));

  const [x, y] = [pick(places, 0), pick(places, 1)];
  const turned = [subtract(multiply(x, cos), multiply(y, sin)), add(multiply(x, sin), multiply(y, cos))] as const;
  const extent = turned.map((values) => {
    const high = context.node('ReduceMax', [values], { axes: [0], keepdims: 1 });
    const low = context.node('ReduceMin', [values], { axes: [0], keepdims: 1 });
    return { span: subtract(high, low), middle: divide(add(high, low), scalar(2)) };
  });
  const [across, along] = extent;
  if (across === undefined || along === undefined) return [];
  // Back from the turned picture: the inverse turn has the cosine and minus the sine.
  const centreX = add(multiply(across.middle, cos), multiply(along.middle, sin));
  const centreY = subtract(multiply(along.middle, cos), multiply(across.middle, sin));
  const stepX = multiply(across.span, scalar(scale[0] / size[0]));
  const stepY = multiply(along.span, scalar(scale[1] / size[1]));

  const xx = multiply(cos, stepX);
  const xy = multiply(sin, stepY);
  const yx = context.node('Neg', [multiply(sin, stepX)]);
  const yy = multiply(cos, stepY);
  const [halfWidth, halfHeight] = [scalar(size[0] / 2), scalar(size[1] / 2)];
  const x0 = subtract(centreX, add(multiply(xx, halfWidth), multiply(xy, halfHeight)));
  const y0 = subtract(centreY, add(multiply(yx, halfWidth), multiply(yy, halfHeight)));
  const zero = scalar(0);
  const matrix = context.node('Concat', [xx, xy, zero, x0, yx, yy, zero, y0, context.graph.floats([8], [0, 0, 1, 0, 0, 0, 0, 1])], { axis: 0 });
  return [context.made(context.node('Reshape', [matrix, context.graph.ints([1, 4, 4])]), [1, 4, 4], input.dataType)];
};

type Join = (a: string, b: string) => string;

/** A crop [1, h, w, c] of a feature map, sampled bilinearly at the places that the matrix gives for the grid; 0 outside. */
const transformTensorBilinear: Translation = (context) => {
  const [input, matrix] = [context.input(0), context.input(1)];
  const options = new CustomOptions(context);
  const [height, width] = [options.positive('output_height'), options.positive('output_width')];
  const [batch, inHeight = 0, inWidth = 0, channels = 0] = input.shape;
  if (input.shape.length !== 4 || batch !== 1 || String(matrix.shape) !== '1,4,4') throw context.unsupported('takes more than one picture, or no matrix');
  if (!Number.isInteger(height) || !Number.isInteger(width) || height * width > 1 << 22) throw context.damaged(`makes a crop of ${width}x${height}`);
  if (inHeight < 2 || inWidth < 2) throw context.unsupported('crops a picture that is a single row or column');

  // Rows of the matrix that give x and y, for the grid's pixel centres; the result counts pixel centres as integers.
  const centres = new Float32Array(3 * height * width);
  for (let place = 0; place < height * width; place++) {
    centres[place] = (place % width) + 0.5;
    centres[height * width + place] = Math.floor(place / width) + 0.5;
    centres[2 * height * width + place] = 1;
  }
  const flat = context.node('Reshape', [context.as(matrix, [0, 1, 2]), context.graph.ints([4, 4])]);
  const rows = context.node('Slice', [flat, context.graph.ints([0]), context.graph.ints([2]), context.graph.ints([0])]);
  const affine = context.node('Gather', [rows, context.graph.ints([0, 1, 3])], { axis: 1 });
  const places = context.node('MatMul', [affine, context.graph.floats([3, height * width], centres)]);
  // GridSample counts from -1 at the first pixel's centre to 1 at the last one's.
  const toGrid = context.graph.floats([2, 1], [2 / (inWidth - 1), 2 / (inHeight - 1)]);
  const shift = context.graph.floats([2, 1], [-1 - 1 / (inWidth - 1), -1 - 1 / (inHeight - 1)]);
  const relative = context.node('Add', [context.node('Mul', [places, toGrid]), shift]);
  const grid = context.node('Reshape', [
    context.node('Transpose', [relative], { perm: [1, 0] }),
    context.graph.ints([1, height, width, 2]),
  ]);
  const sampled = context.node('GridSample', [context.as(input, channelsSecond(4)), grid], {
    mode: 'bilinear',
    padding_mode: 'zeros',
    align_corners: 1,
  });
  // GridSample fades out over the pixel beyond the border, where the original is 0 at once.
  const beyond = context.node('ReduceMax', [context.node('Abs', [relative])], { axes: [0], keepdims: 1 });
  const inside = context.node('Cast', [context.node('LessOrEqual', [beyond, context.graph.floats([], [1])])], { to: 1 });
  const mask = context.node('Reshape', [inside, context.graph.ints([1, 1, height, width])]);
  return [context.made(context.node('Mul', [sampled, mask]), [1, height, width, channels], input.dataType, channelsSecond(4))];
};

/** Landmarks [1, n, 2 or 3] with x and y taken through the matrix. */
const transformLandmarks: Translation = (context) => {
  const [input, matrix] = [context.input(0), context.input(1)];
  const [batch, count = 0, dimensions = 0] = input.shape;
  if (input.shape.length !== 3 || batch !== 1 || (dimensions !== 2 && dimensions !== 3) || String(matrix.shape) !== '1,4,4') {
    throw context.unsupported('takes landmarks of a shape that is not [1, n, 2 or 3]');
  }
  const points = context.node('Reshape', [context.as(input, [0, 1, 2]), context.graph.ints([count, dimensions])]);
  const flat = context.node('Reshape', [context.as(matrix, [0, 1, 2]), context.graph.ints([4, 4])]);
  const rows = context.node('Slice', [flat, context.graph.ints([0]), context.graph.ints([2]), context.graph.ints([0])]);
  const turn = context.node('Slice', [rows, context.graph.ints([0]), context.graph.ints([2]), context.graph.ints([1])]);
  const shift = context.node('Reshape', [
    context.node('Slice', [rows, context.graph.ints([3]), context.graph.ints([4]), context.graph.ints([1])]),
    context.graph.ints([1, 2]),
  ]);
  const slice = (from: number, to: number): string =>
    context.node('Slice', [points, context.graph.ints([from]), context.graph.ints([to]), context.graph.ints([1])]);
  const flatPoints = dimensions === 2 ? points : slice(0, 2);
  const moved = context.node('Add', [
    context.node('MatMul', [flatPoints, context.node('Transpose', [turn], { perm: [1, 0] })]),
    shift,
  ]);
  const result = dimensions === 2 ? moved : context.node('Concat', [moved, slice(2, 3)], { axis: 1 });
  return [context.made(context.node('Reshape', [result, context.graph.ints([1, count, dimensions])]), input.shape, input.dataType)];
};

/** MediaPipe's custom operators by name. */
export const MEDIAPIPE: Readonly<Record<string, Translation>> = {
  Landmarks2TransformMatrix: versionTwo(landmarksToTransformMatrix),
  TransformTensorBilinear: versionTwo(transformTensorBilinear),
  TransformLandmarks: versionTwo(transformLandmarks),
};
