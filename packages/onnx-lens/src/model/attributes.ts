import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from './generated/onnx_pb.js';

/**
 * What a builder may give as an attribute. A number is written as INT when it is an integer: use `floatAttribute`
 * otherwise.
 */
export type AttributeValue =
  number | bigint | string | readonly number[] | readonly string[] | TensorProto | GraphProto | Float32Attribute;

/** A number or list of numbers that must be written as FLOAT(S), even where it happens to be an integer. */
export interface Float32Attribute {
  readonly float: number | readonly number[];
}

/**
 * Marks a number (list) as a FLOAT (FLOATS) attribute.
 *
 * @example
 * const graph = new GraphBuilder('leaky');
 * const x = graph.input('x', DataType.FLOAT, [4]);
 * const y = graph.node('LeakyRelu', [x], { alpha: floatAttribute(1) });
 * graph.output(y, DataType.FLOAT, [4]);
 */
export function float(value: number | readonly number[]): Float32Attribute {
  return { float: value };
}

/** The attribute of that name, or undefined when the node leaves it to the operator's default. */
export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((candidate) => candidate.name === name);
}

/** An INT attribute. int64 values beyond 2^53 lose precision (they occur only as "to the end" sentinels). */
export function intAttribute(node: NodeProto, name: string): number | undefined;
export function intAttribute(node: NodeProto, name: string, fallback: number): number;
export function intAttribute(node: NodeProto, name: string, fallback?: number): number | undefined {
  const found = attribute(node, name);
  return found === undefined ? fallback : Number(found.i);
}

/** An INTS attribute. */
export function intsAttribute(node: NodeProto, name: string): number[] | undefined {
  return attribute(node, name)?.ints.map(Number);
}

/** A FLOAT attribute. */
export function floatAttribute(node: NodeProto, name: string): number | undefined;
export function floatAttribute(node: NodeProto, name: string, fallback: number): number;
export function floatAttribute(node: NodeProto, name: string, fallback?: number): number | undefined {
  const found = attribute(node, name);
  return found === undefined ? fallback : found.f;
}

/** A STRING attribute, decoded as UTF-8. */
export function stringAttribute(node: NodeProto, name: string): string | undefined;
export function stringAttribute(node: NodeProto, name: string, fallback: string): string;
export function stringAttribute(node: NodeProto, name: string, fallback?: string): string | undefined {
  const found = attribute(node, name);
  return found === undefined ? fallback : new TextDecoder().decode(found.s);
}

/** The subgraphs that a node carries (If, Loop, Scan and the like), in attribute order. */
export function subgraphsOf(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap((each) => (each.g === undefined ? each.graphs : [each.g, ...each.graphs]));
}

/** Builds an AttributeProto from a plain value. */
export function makeAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: value });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (isList(value)) return makeListAttribute(name, value);
  if ('float' in value) {
    return typeof value.float === 'number'
      ? create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
      : create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.float] });
  }
  if (value.$typeName === 'onnx.TensorProto') {
    return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value });
}

function isList(value: AttributeValue): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}

function makeListAttribute(name: string, values: readonly number[] | readonly string[]): AttributeProto {
  const strings = values.filter((value) => typeof value === 'string');
  if (strings.length > 0) {
    const encoder = new TextEncoder();
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRINGS,
      strings: strings.map((s) => encoder.encode(s)),
    });
  }
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.every((value) => Number.isInteger(value))
    ? create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: numbers.map((value) => BigInt(value)) })
    : create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: numbers });
}
