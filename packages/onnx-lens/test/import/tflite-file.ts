import { Builder } from 'flatbuffers';

/** A tensor of a made-up file; `buffer` is a place in the list of buffers, 0 for what is computed. */
export interface MadeTensor {
  readonly shape: readonly number[];
  /** `enum TensorType`: 0 FLOAT32, 2 INT32, 4 INT64. */
  readonly type: number;
  readonly buffer: number;
}

/** An operator of a made-up file, by its code in `enum BuiltinOperator`. */
export interface MadeOperator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * A .tflite file of the least that the schema asks for. Buffer 0 is the empty one and not listed; tensor 0 is the
 * input.
 */
export function tfliteFile(
  tensors: readonly MadeTensor[],
  operators: readonly MadeOperator[],
  buffers: readonly Uint8Array[],
  output: number,
): Uint8Array {
  const builder = new Builder(1024);
  const table = (fields: number, fill: () => void): number => {
    builder.startObject(fields);
    fill();
    return builder.endObject();
  };
  const offsets = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4);
    for (const each of list.toReversed()) builder.addOffset(each);
    return builder.endVector();
  };
  const ints = (list: readonly number[]): number => {
    builder.startVector(4, list.length, 4);
    for (const each of list.toReversed()) builder.addInt32(each);
    return builder.endVector();
  };
  const madeBuffers = [new Uint8Array(), ...buffers].map((bytes) => {
    const data = builder.createByteVector(bytes);
    return table(3, () => builder.addFieldOffset(0, data, 0));
  });
  const codes = [...new Set(operators.map(({ code }) => code))];
  const madeCodes = codes.map((code) => table(4, () => builder.addFieldInt32(3, code, 0)));
  const madeTensors = tensors.map(({ shape, type, buffer }, place) => {
    const [dims, name] = [ints(shape), builder.createString(`t${place}`)];
    return table(8, () => {
      builder.addFieldOffset(0, dims, 0);
      builder.addFieldInt8(1, type, 0);
      builder.addFieldInt32(2, buffer, 0);
      builder.addFieldOffset(3, name, 0);
    });
  });
  const madeOperators = operators.map(({ code, inputs, outputs }) => {
    const [from, to] = [ints(inputs), ints(outputs)];
    return table(9, () => {
      builder.addFieldInt32(0, codes.indexOf(code), 0);
      builder.addFieldOffset(1, from, 0);
      builder.addFieldOffset(2, to, 0);
    });
  });
  const parts = [offsets(madeTensors), ints([0]), ints([output]), offsets(madeOperators)];
  const graph = table(5, () => parts.forEach((part, slot) => builder.addFieldOffset(slot, part, 0)));
  const [graphs, listedCodes, listedBuffers] = [offsets([graph]), offsets(madeCodes), offsets(madeBuffers)];
  const model = table(8, () => {
    builder.addFieldInt32(0, 3, 0);
    builder.addFieldOffset(1, listedCodes, 0);
    builder.addFieldOffset(2, graphs, 0);
    builder.addFieldOffset(4, listedBuffers, 0);
  });
  builder.finish(model, 'TFL3');
  return builder.asUint8Array();
}
