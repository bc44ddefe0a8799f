import { create } from '@bufbuild/protobuf';
import { valueInfo } from '../model/builder.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type GraphProto,
  type ValueInfoProto,
} from '../model/generated/onnx_pb.js';
import { valueType } from '../shapes/value-type.js';
import type { SourceModel } from './source-model.js';

/** A free dimension of a graph input. */
export interface FreeDimension {
  readonly input: string;
  readonly axis: number;
  /** '' for a dimension without a name. */
  readonly name: string;
}

/** The free dimensions of the graph's inputs. */
export function freeDimensions({ model }: SourceModel): FreeDimension[] {
  return realInputs(model.graph).flatMap((input) =>
    (valueType(input.type).shape ?? []).flatMap((dim, axis) =>
      typeof dim === 'string' ? [{ input: input.name, axis, name: dim }] : [],
    ),
  );
}

function realInputs(graph: GraphProto | undefined): ValueInfoProto[] {
  const initializers = new Set(graph?.initializer.map(({ name }) => name));
  return graph?.input.filter(({ name }) => !initializers.has(name)) ?? [];
}

/** The model with free dimensions of its inputs fixed. `size` gives undefined for one to be left free. */
export function withFixedDimensions(
  source: SourceModel,
  size: (dimension: FreeDimension) => number | undefined,
): SourceModel {
  const { graph } = source.model;
  if (graph === undefined) return source;
  const input = graph.input.map((declared) => {
    const { dataType, shape } = valueType(declared.type);
    if (shape === null) return declared;
    const dims = shape.map((dim, axis) =>
      typeof dim === 'number'
        ? dim
        : (size({ input: declared.name, axis, name: dim }) ?? (dim === '' ? undefined : dim)),
    );
    return valueInfo(declared.name, dataType, dims);
  });
  return {
    ...source,
    model: create(ModelProtoSchema, { ...source.model, graph: create(GraphProtoSchema, { ...graph, input }) }),
  };
}
