import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { copyMessage } from './copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type ModelProto,
  type TensorProto,
} from './generated/onnx_pb.js';

/**
 * Weights from this size on go to the file: rules, optimizers and shape inference read the values of smaller ones only.
 */
const DETACHED_BYTES = 16 * 1024;
/** ONNX Runtime maps the file; offsets on a page's start spare it a copy. */
const ALIGNMENT = 4096;

/**
 * The large weights of one model and of its rewritten forms in one temporary file, each written once.
 *
 * A model whose weights were detached is a few hundred kilobytes to serialize, parse and hand to ONNX Runtime, however
 * large its weights: this makes it practical to look at many forms of a large model. The caller closes the file.
 */
export class WeightFile {
  readonly folder: string;
  /** Name of the file in the folder, which detached tensors refer to. */
  readonly file = 'weights';
  readonly #descriptor: number;
  readonly #detached = new WeakMap<TensorProto, TensorProto>();
  #size = 0;
  readonly #remove = (): void => rmSync(this.folder, { recursive: true, force: true });

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'onnx-lens-')));
    // Ctrl-C leaves by way of process.exit, which runs no finally.
    process.once('exit', this.#remove);
    this.#descriptor = openSync(join(this.folder, this.file), 'w');
  }

  /** The model with references into the file in place of its large weights. */
  detach(model: ModelProto): ModelProto {
    const { graph } = model;
    if (graph === undefined) return model;
    const initializer = graph.initializer.map((tensor) =>
      tensor.rawData.length < DETACHED_BYTES ? tensor : this.#detach(tensor),
    );
    return copyMessage(ModelProtoSchema, model, { graph: copyMessage(GraphProtoSchema, graph, { initializer }) });
  }

  #detach(tensor: TensorProto): TensorProto {
    const known = this.#detached.get(tensor);
    if (known !== undefined) return known;
    const offset = Math.ceil(this.#size / ALIGNMENT) * ALIGNMENT;
    for (let done = 0; done < tensor.rawData.length;)
      done += writeSync(this.#descriptor, tensor.rawData, done, tensor.rawData.length - done, offset + done);
    this.#size = offset + tensor.rawData.length;
    const entry = (key: string, value: string | number) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) });
    const detached = copyMessage(TensorProtoSchema, tensor, {
      rawData: new Uint8Array(),
      dataLocation: DataLocation.EXTERNAL,
      externalData: [entry('location', this.file), entry('offset', offset), entry('length', tensor.rawData.length)],
    });
    this.#detached.set(tensor, detached);
    return detached;
  }

  /** Removes the file. Closing twice does nothing. */
  close(): void {
    process.off('exit', this.#remove);
    try {
      closeSync(this.#descriptor);
    } catch {
      // Closed already.
    }
    this.#remove();
  }
}
