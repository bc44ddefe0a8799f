import { floatAttribute, intAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import type { NodeView } from '../../graph-view.js';
import {
  hasInput,
  isConstant,
  isMlProgram,
  numbersOf,
  reason,
  typeName,
  type Check,
  type OperatorRule,
} from '../rule.js';

/*
 * onnxruntime/core/providers/coreml/builders/impl/cast_op_builder.cc and clip_op_builder.cc, with GetClipMinMax of
 * core/providers/shared/utils/utils.cc, as of 1.21.
 */

const CAST_TYPES: readonly DataType[] = [DataType.INT32, DataType.INT64, DataType.FLOAT, DataType.FLOAT16];
/** From 1.27 on. */
const CAST_TYPES_WITH_BOOL: readonly DataType[] = [...CAST_TYPES, DataType.BOOL];

const castTypes: Check = (node, settings) => {
  const from = node.inputs[0]?.dataType ?? DataType.UNDEFINED;
  const to = node.outputs[0]?.dataType ?? DataType.UNDEFINED;
  if (isMlProgram(settings)) {
    const types = settings.ort >= 27 ? CAST_TYPES_WITH_BOOL : CAST_TYPES;
    return types.includes(from) && types.includes(to)
      ? null
      : reason(
          'cast.types',
          `Cast is taken between ${types.map(typeName).join(', ')}, not from ${typeName(from)} to ${typeName(to)}`,
        );
  }
  return from === DataType.INT64
    ? null
    : reason('cast.types', `Cast is taken from int64 only in NeuralNetwork format; this one is from ${typeName(from)}`);
};

/** In an ML Program a Cast of a graph input is taken from this version on. */
const CAST_FIRST_SINCE = 27;

const cast: Check = (node, settings) => {
  if (isMlProgram(settings) && settings.ort >= CAST_FIRST_SINCE) return null;
  const before = node.inputEdges[0]?.node;
  if (before === undefined) return reason('cast.first', 'Cast with no node before it is not taken');
  if (isMlProgram(settings)) return null;
  if (before.opType !== 'ArgMax') {
    return reason(
      'cast.argmax',
      `Cast is taken after ArgMax only in NeuralNetwork format; this one is after ${before.opType}`,
    );
  }
  if (settings.judge(before) !== null)
    return reason('cast.argmax', 'Cast is taken after an ArgMax that is itself taken');
  const to: DataType = intAttribute(node.proto, 'to', DataType.UNDEFINED);
  return to === DataType.INT32
    ? null
    : reason('cast.types', `Cast is taken to int32 only in NeuralNetwork format; this one is to ${typeName(to)}`);
};

const LOWEST = -3.4028234663852886e38;

/** GetClipMinMax looks at the type only where there is a limit to read. */
const CLIP_TYPES: readonly DataType[] = [DataType.FLOAT, DataType.FLOAT16];

const clip: Check = (node) => {
  const limits = node.sinceVersion < 11 ? clipAttributes(node) : clipInputs(node);
  if (!Array.isArray(limits)) return limits;
  return limits[0] === limits[1]
    ? reason('clip.equal', `Clip to a range of one value, ${limits[0] ?? ''}, is not taken`)
    : null;
};

function clipAttributes(node: NodeView): [number, number] {
  return [floatAttribute(node.proto, 'min', LOWEST), floatAttribute(node.proto, 'max', -LOWEST)];
}

function clipInputs(node: NodeView): [number, number] | ReturnType<typeof reason> {
  const limits: [number, number] = [LOWEST, -LOWEST];
  for (const [limit, what] of ['min', 'max'].entries()) {
    const place = limit + 1;
    if (!hasInput(node, place)) continue;
    if (!isConstant(node, place)) return reason('clip.computed', `Clip's ${what} must be a constant`);
    const type = node.inputs[0]?.dataType ?? DataType.UNDEFINED;
    if (!CLIP_TYPES.includes(type))
      return reason('clip.type', `Clip's limits are read for float and float16 only; the input is ${typeName(type)}`);
    limits[limit] = numbersOf(node, place)?.[0] ?? Number.NaN;
  }
  return limits;
}

export const CONVERSION_RULES: Readonly<Record<string, OperatorRule>> = {
  Cast: { isTrivial: true, inputTypes: castTypes, supports: cast },
  Clip: { supports: clip },
};
