import { create } from '@bufbuild/protobuf';
import { makeAttribute } from '../../model/attributes.js';
import { valueInfo } from '../../model/builder.js';
import { copyMessage } from '../../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
} from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/serialize.js';
import { tensorNumbers, type Tensor } from '../../model/tensors.js';
import { withSession } from '../../runtime/session.js';

/** One set of inputs, by name. */
export type Feed = ReadonlyMap<string, Tensor>;

/** How far one output of the half program is from the original's. */
export interface HalfError {
  readonly name: string;
  readonly max: number;
  readonly mean: number;
  /** Largest magnitude of the original's output. */
  readonly scale: number;
  readonly isFinite: boolean;
}

/** The largest magnitude that each of some float values takes on some inputs. */
export async function largestValues(
  model: ModelProto,
  names: readonly string[],
  feeds: readonly Feed[],
): Promise<ReadonlyMap<string, number>> {
  if (model.graph === undefined || names.length === 0) return new Map();
  const most = (name: string): string => `most/${name}`;
  const node = names.flatMap((name) => [
    create(NodeProtoSchema, { opType: 'Abs', input: [name], output: [`size/${name}`] }),
    create(NodeProtoSchema, {
      opType: 'ReduceMax',
      input: [`size/${name}`],
      output: [most(name)],
      attribute: [makeAttribute('keepdims', 0)],
    }),
  ]);
  const watched = copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, model.graph, {
      node: [...model.graph.node, ...node],
      output: names.map((name) => valueInfo(most(name), DataType.FLOAT, [])),
    }),
  });
  const largest = new Map<string, number>();
  await withSession(serializeModel(watched), { optimization: 'basic', origin: 'the package' }, async (session) => {
    for (const feed of feeds) {
      for (const [name, value] of await session.run(feed)) {
        const own = name.slice('most/'.length);
        const [number = 0] = tensorNumbers(value);
        largest.set(own, Math.max(largest.get(own) ?? 0, Number.isNaN(number) ? Infinity : number));
      }
    }
  });
  return largest;
}

/** Runs the original and the half program on the same inputs. */
export async function halfErrors(original: Uint8Array, half: Uint8Array, feeds: readonly Feed[]): Promise<HalfError[]> {
  const sums = new Map<string, { max: number; sum: number; count: number; scale: number; isFinite: boolean }>();
  await withSession(original, { optimization: 'basic', origin: 'the original' }, (first) =>
    withSession(half, { optimization: 'disabled', origin: 'the package' }, async (second) => {
      for (const feed of feeds) {
        const [a, b] = [await first.run(feed), await second.run(feed)];
        for (const [name, value] of a) {
          const [x, y] = [tensorNumbers(value), tensorNumbers(b.get(name) ?? value)];
          const known = sums.get(name) ?? { max: 0, sum: 0, count: 0, scale: 0, isFinite: true };
          for (const [at, number] of x.entries()) {
            const other = y[at] ?? NaN;
            if (Number.isFinite(number)) known.scale = Math.max(known.scale, Math.abs(number));
            if (Object.is(number, other) || number === other) continue;
            if (Number.isFinite(number) && !Number.isFinite(other)) known.isFinite = false;
            const difference = Math.abs(number - other);
            known.max = Math.max(known.max, Number.isNaN(difference) ? Infinity : difference);
            known.sum += Number.isNaN(difference) ? 0 : difference;
          }
          known.count += x.length;
          sums.set(name, known);
        }
      }
    }),
  );
  return Array.from(sums, ([name, { max, sum, count, scale, isFinite }]) => ({
    name,
    max,
    mean: count === 0 ? 0 : sum / count,
    scale,
    isFinite,
  }));
}
