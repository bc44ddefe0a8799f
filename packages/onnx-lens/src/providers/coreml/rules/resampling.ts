import { intAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.js';
import type { NodeView } from '../../graph-view.js';
import type { Verdict } from '../../provider.js';
import {
  hasInput,
  isConstant,
  isMlProgram,
  isStatic,
  knownShape,
  mlProgramOnly,
  numbersOf,
  positiveAxis,
  reason,
  showShape,
  type Check,
  type OperatorRule,
  type Settings,
} from '../rule.js';

/*
 * onnxruntime/core/providers/coreml/builders/impl/resize_op_builder.cc, gridsample_op_builder.cc and
 * depthtospace_op_builder.cc, as of 1.21.
 */

/** What the scales or sizes of a Resize say of the last two axes. */
interface Target {
  readonly height: number;
  readonly width: number;
}

const resize: Check = (node, settings) => {
  const shape = knownShape(node, 0);
  if (shape.includes(0))
    return reason('input-shape.empty', `Resize of an empty tensor ${showShape(shape)} is not taken`);
  const fits = isMlProgram(settings) ? shape.length >= 3 && shape.length <= 5 : shape.length === 4;
  if (!fits) {
    return reason(
      'resize.rank',
      `Resize takes ${isMlProgram(settings) ? 'three to five' : 'four'} dimensions; the input is ${showShape(shape)}`,
    );
  }
  return resizeAttributes(node) ?? resizeTarget(node, shape, settings);
};

function resizeAttributes(node: NodeView): Verdict {
  const { proto } = node;
  if (intAttribute(proto, 'antialias', 0) !== 0)
    return reason('resize.antialias', 'Resize with antialias is not taken');
  const mode = stringAttribute(proto, 'mode', 'nearest');
  if (mode !== 'linear' && mode !== 'nearest')
    return reason('resize.mode', `Resize is taken with mode nearest or linear, not ${mode}`);
  const nearest = stringAttribute(proto, 'nearest_mode', 'round_prefer_floor');
  if (mode === 'nearest' && nearest !== 'floor') {
    return reason('resize.nearest-mode', `Resize with mode nearest needs nearest_mode floor; it is ${nearest}`);
  }
  if (intAttribute(proto, 'exclude_outside', 0) !== 0)
    return reason('resize.exclude-outside', 'Resize with exclude_outside is not taken');
  const policy = stringAttribute(proto, 'keep_aspect_ratio_policy', 'stretch');
  return policy === 'stretch'
    ? null
    : reason('resize.aspect-ratio', `Resize with keep_aspect_ratio_policy ${policy} is not taken`);
}

function resizeTarget(node: NodeView, shape: readonly number[], settings: Settings): Verdict {
  const usesSizes = hasInput(node, 3);
  const place = usesSizes ? 3 : 2;
  const what = usesSizes ? 'sizes' : 'scales';
  if (!hasInput(node, place)) return reason('resize.target', 'Resize has neither scales nor sizes');
  if (!usesSizes && shape.slice(-2).includes(-1)) {
    return reason(
      'input-shape.dynamic',
      `Resize with scales needs a fixed height and width; the input is ${showShape(shape)}`,
    );
  }
  if (!isConstant(node, place)) return reason('resize.target', `Resize's ${what} must be a constant`);
  const values = numbersOf(node, place) ?? [];
  const axes = intsAttribute(node.proto, 'axes') ?? [];
  const resized =
    axes.length === 0 ? shape.map((_, axis) => axis) : axes.map((axis) => positiveAxis(axis, shape.length));
  // ONNX Runtime compares sizes with the input's dimension at the same place of the list, whatever axis that place is
  // for.
  const other = resized.find(
    (axis, entry) => axis < shape.length - 2 && values[entry] !== (usesSizes ? shape[entry] : 1),
  );
  if (other !== undefined)
    return reason('resize.axes', `Resize is taken for the last two axes only; this one changes axis ${other}`);
  const [height, width] = values.slice(-2);
  if (height === undefined || width === undefined) {
    return reason(
      'crash.resize-axes',
      `Resize of one axis alone is read out of bounds by this version of ONNX Runtime`,
    );
  }
  const target = { height, width };
  const verdict = usesSizes ? sizesVerdict(target, shape, settings) : scalesVerdict(target, shape, settings);
  return verdict ?? coordinateMode(node, target, shape, usesSizes, settings);
}

function scalesVerdict({ height, width }: Target, shape: readonly number[], settings: Settings): Verdict {
  const scales = `scales are ${height} and ${width}`;
  if (height >= 1 && width >= 1) {
    return Number.isInteger(height) && Number.isInteger(width)
      ? null
      : reason('resize.scales', `Resize enlarges by whole numbers only; its ${scales}`);
  }
  if (height > 1 || width > 1)
    return reason('resize.scales', `Resize cannot enlarge one axis and shrink the other; its ${scales}`);
  if (!isMlProgram(settings))
    return reason(
      'resize.downsampling',
      `Resize that makes smaller is not taken in NeuralNetwork format; its ${scales}`,
    );
  const [inputHeight, inputWidth] = shape.slice(-2);
  return isReciprocalFactor(inputHeight ?? 0, height) && isReciprocalFactor(inputWidth ?? 0, width)
    ? null
    : reason(
        'resize.downsampling',
        `Resize shrinks by whole factors of the input's size only; its ${scales}, the input ${showShape(shape)}`,
      );
}

/** utils::ReciprocalIsAFactorOfN in core/providers/utils.cc: note that a scale of 1 does not count. */
function isReciprocalFactor(size: number, scale: number): boolean {
  if (!(scale > 0 && scale < 1)) return false;
  const factor = 1 / scale;
  const whole = Math.round(factor);
  return Math.abs(factor - whole) < 1e-4 && size % whole === 0;
}

function sizesVerdict({ height, width }: Target, shape: readonly number[], settings: Settings): Verdict {
  if (isMlProgram(settings)) return null;
  if (!isStatic(shape))
    return reason('input-shape.dynamic', `Resize with sizes needs a fixed input shape; it is ${showShape(shape)}`);
  const [inputHeight = 1, inputWidth = 1] = shape.slice(-2);
  return height % inputHeight === 0 && width % inputWidth === 0
    ? null
    : reason(
        'resize.sizes',
        `Resize is taken to whole multiples of the input's size; ${inputHeight} x ${inputWidth} becomes ${height} x ${width}`,
      );
}

function coordinateMode(
  node: NodeView,
  target: Target,
  shape: readonly number[],
  usesSizes: boolean,
  settings: Settings,
): Verdict {
  let mode = stringAttribute(node.proto, 'coordinate_transformation_mode', 'half_pixel');
  const linear = stringAttribute(node.proto, 'mode', 'nearest') === 'linear';
  if (!isMlProgram(settings) || !linear) {
    return mode === 'asymmetric'
      ? null
      : reason('resize.coordinate-mode', `Resize here needs coordinate_transformation_mode asymmetric; it is ${mode}`);
  }
  if (mode === 'pytorch_half_pixel') {
    const [inputHeight = 0, inputWidth = 0] = shape.slice(-2);
    const height = usesSizes ? target.height : Math.round(Math.fround(inputHeight * target.height));
    const width = usesSizes ? target.width : Math.round(Math.fround(inputWidth * target.width));
    if (height > 1 && width > 1) mode = 'half_pixel';
  }
  if (mode === 'half_pixel' || mode === 'align_corners' || (usesSizes && mode === 'asymmetric')) return null;
  return reason(
    'resize.coordinate-mode',
    `Resize with mode linear needs half_pixel, align_corners, or asymmetric with sizes; it is ${mode} with ${usesSizes ? 'sizes' : 'scales'}`,
  );
}

const gridSample: Check = (node, settings) => {
  const format = mlProgramOnly(node, settings);
  if (format !== null) return format;
  const shape = knownShape(node, 0);
  if (shape.length !== 4)
    return reason('gridsample.rank', `GridSample takes four dimensions; the input is ${showShape(shape)}`);
  const given = stringAttribute(node.proto, 'mode', 'linear');
  const mode = given === 'linear' ? 'bilinear' : given;
  // ONNX Runtime tests the mode, not the padding mode, for "zeros".
  if (mode !== 'bilinear' && mode !== 'zeros')
    return reason('gridsample.mode', `GridSample is taken with mode linear, not ${given}`);
  const padding = stringAttribute(node.proto, 'padding_mode', 'zeros');
  const alignCorners = intAttribute(node.proto, 'align_corners', 0) !== 0;
  return mode === 'bilinear' && padding === 'reflection' && !alignCorners
    ? reason('gridsample.reflection', 'GridSample with padding_mode reflection without align_corners is not taken')
    : null;
};

const depthToSpace: Check = (node, settings) => {
  const mode = stringAttribute(node.proto, 'mode', 'DCR');
  const shape = knownShape(node, 0);
  if (isMlProgram(settings)) {
    return mode === 'CRD' && !isStatic(shape)
      ? reason('input-shape.dynamic', `DepthToSpace in CRD mode needs a fixed input shape; it is ${showShape(shape)}`)
      : null;
  }
  return mode === 'DCR'
    ? null
    : reason('depthtospace.mode', `DepthToSpace is taken in DCR mode in NeuralNetwork format, not ${mode}`);
};

export const RESAMPLING_RULES: Readonly<Record<string, OperatorRule>> = {
  // Empty roi and scales are passed in by many exporters. Before opset 11 Resize is a different operator.
  Resize: { minOpset: 11, allowsEmptyInputs: true, supports: resize },
  GridSample: { supports: gridSample },
  DepthToSpace: { supports: depthToSpace },
};
