import type { ModelProto } from 'onnx-lens/graph';
import { FaceMirrorError } from '../../../errors.js';
import type { ArchitectureName } from './architecture.js';

/** How a network's ONNX file is told: its one input, and the outputs that are read. */
interface Signature {
  readonly name: ArchitectureName;
  readonly input: string;
  /** Dimensions but the batch; null where any will do. */
  readonly inputDims: readonly (number | null)[];
  /**
   * Names here, and the rank and last dimension by which an output is known; of several alike the named one, else the
   * last.
   */
  readonly outputs: readonly { readonly name: string; readonly lastDim: number; readonly rank: number }[];
}

const SIGNATURES: readonly Signature[] = [
  {
    name: 'star',
    input: 'input_image',
    inputDims: [3, 256, 256],
    outputs: [{ name: 'landmarks', lastDim: 2, rank: 3 }],
  },
  {
    name: 'mtl',
    input: 'input_face',
    inputDims: [3, 224, 224],
    outputs: [
      { name: 'emotion', lastDim: 8, rank: 2 },
      { name: 'gaze', lastDim: 2, rank: 2 },
      { name: 'au', lastDim: 8, rank: 2 },
    ],
  },
  {
    name: 'retinaface',
    input: 'input',
    inputDims: [3, null, null],
    outputs: [
      { name: 'loc', lastDim: 4, rank: 3 },
      { name: 'conf', lastDim: 2, rank: 3 },
      { name: 'landms', lastDim: 10, rank: 3 },
    ],
  },
];

interface Value {
  readonly name: string;
  /** Numbers, or null for a free dimension. */
  readonly dims: readonly (number | null)[];
}

/**
 * Takes an ONNX file of one of the three networks: one that was built here, or one of Face Mirror 2's own
 * (`*_coreml.onnx`). Its input and the outputs that are read get the names of the graphs built here; other outputs go
 * (STAR's export gives the landmarks of every stack, the last ones last).
 *
 * @throws FaceMirrorError CHECKPOINT_MISMATCH when its inputs and outputs are those of none of them.
 */
export function adoptExport(model: ModelProto, origin: string): { name: ArchitectureName; model: ModelProto } {
  const { graph } = model;
  const initializers = new Set(graph?.initializer.map(({ name }) => name));
  const inputs = valuesOf(graph?.input.filter(({ name }) => !initializers.has(name)) ?? []);
  const outputs = valuesOf(graph?.output ?? []);
  const [input, second] = inputs;
  const signature = SIGNATURES.find(
    (each) =>
      input !== undefined && second === undefined && fitsInput(each, input) && pickOutputs(each, outputs) !== null,
  );
  const picked = signature === undefined ? null : pickOutputs(signature, outputs);
  if (graph === undefined || input === undefined || signature === undefined || picked === null) {
    throw new FaceMirrorError(
      'CHECKPOINT_MISMATCH',
      `${origin} is an ONNX model, but its inputs and outputs are those of none of RetinaFace, STAR and MTL.`,
    );
  }
  graph.output = signature.outputs.flatMap(
    ({ name }) => graph.output.find((output) => output.name === picked.get(name)) ?? [],
  );
  const names = new Map([
    [input.name, signature.input],
    ...[...picked].map(([ours, theirs]) => [theirs, ours] as const),
  ]);
  rename(graph, names);
  return { name: signature.name, model };
}

type GraphOf = NonNullable<ModelProto['graph']>;

function valuesOf(infos: GraphOf['input']): Value[] {
  return infos.map(({ name, type }) => {
    const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
    return { name, dims: dims.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : null)) };
  });
}

function fitsInput({ inputDims }: Signature, { dims }: Value): boolean {
  return dims.length === 4 && dims[1] === 3 && inputDims.every((dim, axis) => dim === null || dims[axis + 1] === dim);
}

/** Their names of the outputs that are read, by ours; null when one is not there. */
function pickOutputs({ outputs: wanted }: Signature, outputs: readonly Value[]): Map<string, string> | null {
  const picked = new Map<string, string>();
  for (const { name, lastDim, rank } of wanted) {
    const alike = outputs.filter(({ dims }) => dims.length === rank && dims.at(-1) === lastDim);
    // A free dimension's size is not known: such an output is taken by its name only.
    const named = outputs.find(
      ({ name: theirs, dims }) =>
        theirs === name && dims.length === rank && [lastDim, null].includes(dims.at(-1) ?? null),
    );
    const match = named ?? alike.at(-1);
    if (match === undefined) return null;
    picked.set(name, match.name);
  }
  return new Set(picked.values()).size === wanted.length ? picked : null;
}

/** Renames values; another value that has a wanted name makes way. */
function rename(graph: GraphOf, names: ReadonlyMap<string, string>): void {
  const wanted = new Set(names.values());
  const nameOf = (name: string): string => names.get(name) ?? (wanted.has(name) ? `${name}.before` : name);
  for (const node of graph.node) {
    node.input = node.input.map(nameOf);
    node.output = node.output.map(nameOf);
  }
  for (const holder of [...graph.input, ...graph.output, ...graph.initializer, ...graph.valueInfo])
    holder.name = nameOf(holder.name);
}
