import { attribute, intsAttribute, stringAttribute } from '../model/attributes.js';
import type { NodeProto } from '../model/generated/onnx_pb.js';
import type { Workbench } from './workbench.js';

/** What a constant Pad puts before and after each axis, and which value. */
export interface KnownPadding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** The padding of a Pad node of mode constant, with or without axes; undefined where it is computed. */
export function knownPadding(node: NodeProto, bench: Workbench): KnownPadding | undefined {
  const [data = '', padsName, valueName = '', axesName = ''] = node.input;
  const rank = bench.rank(data);
  if (
    node.opType !== 'Pad' ||
    node.domain !== '' ||
    stringAttribute(node, 'mode', 'constant') !== 'constant' ||
    rank === undefined
  )
    return undefined;
  const pads = bench.numbers(padsName) ?? intsAttribute(node, 'pads');
  const axes = axesName === '' ? Array.from({ length: rank }, (_, axis) => axis) : bench.numbers(axesName);
  const value = valueName === '' ? (attribute(node, 'value')?.f ?? 0) : bench.scalar(valueName);
  if (pads === undefined || axes === undefined || value === undefined || pads.length !== 2 * axes.length)
    return undefined;
  const amounts = (offset: number): number[] =>
    Array.from({ length: rank }, (_, axis) => {
      const place = axes.findIndex((each) => (each + rank) % rank === axis);
      return place < 0 ? 0 : (pads[place + offset] ?? 0);
    });
  return { before: amounts(0), after: amounts(axes.length), value };
}

/**
 * Begins, then ends, of the spatial axes of a padding that takes nothing away and touches no other axis; else
 * undefined.
 */
export function spatialAmounts({ before, after }: KnownPadding): number[] | undefined {
  const isSpatial = [...before, ...after].every(
    (amount, place) => amount >= 0 && (amount === 0 || place % before.length >= 2),
  );
  return isSpatial ? [...before.slice(2), ...after.slice(2)] : undefined;
}
