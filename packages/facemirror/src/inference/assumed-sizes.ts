import { freeDimensions, type ModelProto } from 'onnx-lens';

/** Sizes for what a model leaves free. */
export interface AssumedSizes {
  /** Sizes of its free dimensions, by name; that of the batch is 1. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The name of the free dimension that is the batch; null where the batch is fixed. */
  readonly batchName: string | null;
}

/**
 * What a network's free dimensions are taken for: the batch for 1, sides of a picture for those of RetinaFace's own
 * training.
 */
const SIDE = 640;

/** The free dimensions of a model's inputs with the sizes that are assumed for them, and which of them is the batch. */
export function assumedSizes(model: ModelProto): AssumedSizes {
  const names = freeDimensions(model);
  const batchName =
    names.find((name) => (model.graph?.input ?? []).some((input) => firstDimension(input) === name)) ?? null;
  return { sizes: Object.fromEntries(names.map((name) => [name, name === batchName ? 1 : SIDE])), batchName };
}

function firstDimension(input: NonNullable<ModelProto['graph']>['input'][number]): string | null {
  const type = input.type?.value;
  const dim = type?.case === 'tensorType' ? type.value.shape?.dim[0]?.value : undefined;
  if (dim?.case === 'dimParam' && dim.value !== '') return dim.value;
  return dim?.case === undefined && dim !== undefined ? `${input.name}[0]` : null;
}
