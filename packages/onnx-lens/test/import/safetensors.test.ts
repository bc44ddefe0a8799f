import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { asFloat32, DataType, loadCheckpoint, parseCheckpoint, tensorNumbers } from '../../src/index.js';

const folder = fileURLToPath(new URL('checkpoints/', import.meta.url));

/** A safetensors file of that header and those bytes. */
function file(header: unknown, data: Uint8Array = new Uint8Array(), length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}
const entry = (dtype: string, shape: unknown, from: number, to: number): object => ({
  dtype,
  shape,
  data_offsets: [from, to],
});
const read = (bytes: Uint8Array): void => {
  for (const tensor of parseCheckpoint(bytes).tensors.values()) tensor.read();
};

describe('a safetensors file', () => {
  it("gives every tensor as the format's own library wrote it", () => {
    const expected = JSON.parse(readFileSync(`${folder}safetensors-expected.json`, 'utf8')) as Record<
      string,
      [number[], (number | boolean)[]]
    >;
    const { format, key, tensors } = loadCheckpoint(`${folder}all.safetensors`);
    expect([format, key, [...tensors.keys()].sort()]).toEqual(['safetensors', '', Object.keys(expected).sort()]);
    for (const [name, [shape, values]] of Object.entries(expected)) {
      const tensor = tensors.get(name)!.read();
      expect([name, tensor.dims, tensorNumbers(tensor)]).toEqual([name, shape, values.map(Number)]);
    }
  });

  it('keeps bfloat16 as it is, and widens 8-bit floats', () => {
    const bytes = file(
      {
        __metadata__: { format: 'pt' },
        b: entry('BF16', [2], 0, 4),
        e4: entry('F8_E4M3', [3], 4, 7),
        e5: entry('F8_E5M2', [2], 7, 9),
      },
      Uint8Array.of(0xc0, 0x3f, 0x00, 0xc0, 0x38, 0x7e, 0x81, 0x3c, 0x7c),
    );
    const { tensors } = parseCheckpoint(bytes);
    expect(tensors.get('b')!.dataType).toBe(DataType.BFLOAT16);
    expect([...asFloat32(tensors.get('b')!.read())]).toEqual([1.5, -2]);
    expect(tensorNumbers(tensors.get('e4')!.read())).toEqual([1, 448, -(2 ** -9)]);
    expect(tensorNumbers(tensors.get('e5')!.read())).toEqual([1, Infinity]);
  });

  it('may have its header padded with blanks, and names that wrappers lengthened', () => {
    const bytes = file(`${JSON.stringify({ 'module.w': entry('U8', [2], 0, 2) })}      `, Uint8Array.of(4, 5));
    expect(tensorNumbers(parseCheckpoint(bytes).tensors.get('w')!.read())).toEqual([4, 5]);
  });
});

describe('a safetensors file from a stranger is refused in words', () => {
  it.each([
    ['cut off in its data', file({ w: entry('F32', [2], 0, 8) }, new Uint8Array(7)), /cut off/],
    ['bytes of no tensor', file({ w: entry('U8', [2], 0, 2) }, new Uint8Array(3)), /belong to no tensor/],
    ['a gap', file({ a: entry('U8', [1], 1, 2) }, new Uint8Array(2)), /gap or an overlap/],
    [
      'an overlap',
      file({ a: entry('U8', [2], 0, 2), b: entry('U8', [2], 1, 3) }, new Uint8Array(3)),
      /gap or an overlap/,
    ],
    ['a wrong length', file({ a: entry('F32', [2], 0, 4) }, new Uint8Array(4)), /"a".*shape \[2\] says otherwise/],
    ['a huge shape', file({ a: entry('F32', [2 ** 50, 2 ** 50], 0, 4) }, new Uint8Array(4)), /says otherwise/],
    ['a type of 4 bits', file({ a: entry('F4', [2], 0, 1) }, new Uint8Array(1)), /of the type F4; types that are read/],
    ['complex numbers', file({ a: entry('C64', [1], 0, 8) }, new Uint8Array(8)), /of the type C64/],
    ['a type out of Object', file({ a: entry('toString', [1], 0, 8) }, new Uint8Array(8)), /of the type toString/],
    ['a negative offset', file({ a: entry('U8', [1], -1, 0) }), /no proper type/],
    ['an end before its begin', file({ a: entry('U8', [1], 2, 1) }), /no proper type/],
    ['fractions', file({ a: entry('U8', [1.5], 0, 1) }), /no proper type/],
    ['no entry', file({ a: null }), /no proper type/],
    ['a header that is cut off', file({}, new Uint8Array(), 1000n), /inside its header/],
    ['no JSON', file('{"a":'), /no JSON/],
    ['bytes that are no UTF-8', file('{"a":1}', new Uint8Array()).fill(0xff, 10, 11), /no JSON/],
    ['no tensor', file({}), /no state_dict/],
    ['nesting', file(`{"a":${'['.repeat(100_000)}`), /more than tensors/],
    ['a million lists', file(`{"a":[${'[],'.repeat(5_000_000)}`), /more than tensors/],
    ['65 dimensions', file({ a: entry('U8', new Array(65).fill(1), 0, 1) }, new Uint8Array(1)), /shape/],
  ])('%s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it('or read, with any single byte changed or cut off anywhere', () => {
    const whole = readFileSync(`${folder}all.safetensors`);
    for (let place = 0; place < whole.length; place++) {
      const bytes = new Uint8Array(whole);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << (place % 8));
      for (const each of [bytes, whole.subarray(0, place)]) {
        try {
          read(each);
        } catch (error) {
          expect(error).toHaveProperty('name', 'OnnxLensError');
        }
      }
    }
  });
});
