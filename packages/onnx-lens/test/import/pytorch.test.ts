import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { asFloat32, DataType, loadCheckpoint, parseCheckpoint, tensorNumbers } from '../../src/index.js';

const folder = fileURLToPath(new URL('checkpoints/', import.meta.url));
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(folder + name));

interface Expected {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: (number | boolean | string)[];
}
const expected = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Record<string, Expected>;

describe('a torch.save file', () => {
  it.each(['zip', 'legacy'] as const)('in the %s format gives every tensor as PyTorch itself reads it', (format) => {
    const { tensors, ...rest } = loadCheckpoint(`${folder}${format}.pt`);
    expect(rest).toEqual({ format, key: '' });
    const names = Object.keys(expected).filter((name) => format === 'zip' || !/^(float8|uint(16|32|64))/.test(name));
    expect([...tensors.keys()]).toEqual(names);
    for (const name of names) {
      const tensor = tensors.get(name)!.read();
      expect({ name, dims: tensor.dims, values: tensorNumbers(tensor) }).toEqual({
        name,
        dims: expected[name]!.shape,
        values: expected[name]!.values.map(Number),
      });
    }
  });

  it('keeps 16-bit floats as they are and can widen them', () => {
    const { tensors } = loadCheckpoint(`${folder}zip.pt`);
    const half = tensors.get('float16')!;
    expect([half.dataType, tensors.get('bfloat16')!.dataType]).toEqual([DataType.FLOAT16, DataType.BFLOAT16]);
    expect(asFloat32(half.read())).toEqual(Float32Array.of(1.5, -65504, 2 ** -24));
    expect(asFloat32(tensors.get('bfloat16')!.read())[0]).toBe(1.5);
    expect(asFloat32(tensors.get('float64')!.read())[0]).toBe(1.25);
  });

  it('gives views, not copies, of a zip file, and shared storages once', () => {
    const bytes = fixture('zip.pt');
    const { tensors } = parseCheckpoint(bytes);
    const [a, b] = [tensors.get('shared_a')!.read().data, tensors.get('shared_b')!.read().data];
    expect(a.buffer).toBe(bytes.buffer);
    expect(b.byteOffset - a.byteOffset).toBe(3 * 4);
  });

  it('is found inside a training state by the usual key, with module. taken off', () => {
    const { key, tensors } = loadCheckpoint(`${folder}nested.pt`);
    expect(key).toBe('net');
    expect([...tensors.keys()]).toEqual(['a.weight', 'a.bias']);
    expect(tensorNumbers(tensors.get('a.weight')!.read())).toEqual([1, 1, 1, 1]);
    const other = loadCheckpoint(`${folder}nested.pt`, { key: 'net_ema' });
    expect(tensorNumbers(other.tensors.get('a.weight')!.read())).toEqual([0, 0, 0, 0]);
    expect(() => loadCheckpoint(`${folder}nested.pt`, { key: 'nowhere' })).toThrow(
      /no state_dict under the key "nowhere"/,
    );
  });

  it.each(['proto4.pt', 'proto4l.pt', 'nocrc.pt', 'attr.pt'])('may be written with other settings (%s)', (name) => {
    expect(parseCheckpoint(fixture(name)).tensors.get('w')!.dims).toHaveLength(1);
  });

  it('may be big-endian or deflated', () => {
    const value = pickle(tensorDict('w', 'k', 2));
    const data = Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
    const file = zipSync({ 'x/data.pkl': value, 'x/byteorder': text('big'), 'x/data/k': data }, { level: 9 });
    expect(tensorNumbers(parseCheckpoint(file).tensors.get('w')!.read())).toEqual([1, -2]);
  });
});

describe('a checkpoint from a stranger', () => {
  it.each(['evil.pt', 'evil-legacy.pt'])('that would run a program is refused by name (%s)', (name) => {
    expect(() => parseCheckpoint(fixture(name), name)).toThrow(expect.objectContaining({ code: 'UNSAFE_PICKLE' }));
    expect(() => parseCheckpoint(fixture(name), name)).toThrow(/posix\.system/);
  });

  it('that holds a program, a sparse tensor or nothing of ours is refused in words', () => {
    expect(() => parseCheckpoint(fixture('script.pt'))).toThrow(/TorchScript/);
    expect(() => parseCheckpoint(fixture('sparse.pt'))).toThrow(/_rebuild_sparse_tensor/);
    for (const bytes of [
      new Uint8Array(),
      text('hello, I am text'),
      zipSync({ 'a.txt': text('a') }),
      legacy(Uint8Array.of(0x4e)),
    ]) {
      expect(() => parseCheckpoint(bytes)).toThrow(expect.objectContaining({ code: 'NOT_CHECKPOINT' }));
    }
  });

  it('that uses an instruction which checkpoints do not need is refused by its name', () => {
    expect(() => parseCheckpoint(legacy(text('(S"ls"\nios\nsystem\n')))).toThrow(/STRING/);
    expect(() => parseCheckpoint(legacy(text('(ios\nsystem\n')))).toThrow(/INST/);
    expect(() => parseCheckpoint(legacy(Uint8Array.of(0x7d, 0x82, 1)))).toThrow(/EXT1/);
    // Calling what a call returned, a class that may only be named, and a builtin.
    expect(() => parseCheckpoint(legacy(concat(text('ctorch\nFloatStorage\n'), Uint8Array.of(0x29, 0x52))))).toThrow(
      /FloatStorage/,
    );
    expect(() => parseCheckpoint(legacy(text('cbuiltins\neval\n')))).toThrow(/builtins\.eval/);
    expect(() => parseCheckpoint(legacy(text('ccollections\n__proto__\n')))).toThrow(/__proto__/);
  });

  it('that was cut off anywhere is refused with a sentence', () => {
    for (const name of ['zip.pt', 'legacy.pt', 'nested.pt']) {
      const whole = fixture(name);
      for (let length = 0; length < whole.length - 1; length += 97) {
        expect(() => readAll(whole.slice(0, length))).toThrow(expect.objectContaining({ name: 'OnnxLensError' }));
      }
    }
  });

  it('with any single byte changed is read or refused with a sentence', () => {
    for (const name of ['zip.pt', 'legacy.pt']) {
      for (let place = 0; place < fixture(name).length; place += 3) {
        const bytes = fixture(name);
        bytes[place] = (bytes[place] ?? 0) ^ (1 << (place % 8));
        try {
          readAll(bytes);
        } catch (error) {
          expect(error).toHaveProperty('name', 'OnnxLensError');
        }
      }
    }
  });

  it('cannot make us take memory that it only claims to need', () => {
    const claims = concat(Uint8Array.of(0x58), uint32(0xfffffff0));
    expect(() => parseCheckpoint(legacy(claims))).toThrow(/ends in the middle/);
    expect(() => readAll(legacy(tensorDict('w', 'k', 2 ** 28)))).toThrow(/lacks the data/);
    const expanded = legacy(tensorDict('w', 'k', 1, [2 ** 30, 8], [0, 0]), ['k'], [1]);
    expect(() => parseCheckpoint(expanded)).toThrow(/shape/);
    const beyond = legacy(tensorDict('w', 'k', 4, [4], [2]), ['k'], [4]);
    expect(() => parseCheckpoint(beyond)).toThrow(/beyond its storage/);
  });

  it('may nest and refer to itself as deep as it likes', () => {
    const depth = 300_000;
    expect(() =>
      parseCheckpoint(legacy(concat(new Uint8Array(depth).fill(0x5d), new Uint8Array(depth - 1).fill(0x61)))),
    ).toThrow(/no state_dict/);
    // d = {}; d['a'] = d
    const loop = concat(Uint8Array.of(0x7d, 0x71, 0), name('a'), Uint8Array.of(0x68, 0, 0x73));
    expect(() => parseCheckpoint(legacy(loop))).toThrow(/no state_dict/);
    // Sixty lists, each holding the one before twice: 2^60 paths.
    const doubling = Array.from({ length: 60 }, (_, level) =>
      Uint8Array.of(0x5d, 0x71, level + 1, 0x68, level, 0x61, 0x68, level, 0x61),
    );
    expect(() => parseCheckpoint(legacy(concat(Uint8Array.of(0x5d, 0x71, 0), ...doubling)))).toThrow(/no state_dict/);
  });

  it('that makes millions of objects, or has a dict copied over and over, ends at a limit', () => {
    expect(() => parseCheckpoint(legacy(new Uint8Array(3_000_000).fill(0x7d)))).toThrow(/more objects/);
    const fill = Array.from({ length: 2_000 }, (_, key) =>
      concat(Uint8Array.of(0x4d), Uint8Array.of(key & 255, key >> 8), Uint8Array.of(0x4e, 0x73)),
    );
    const counter = concat(text('ccollections\nCounter\n'), Uint8Array.of(0x71, 1));
    const copies = Array.from({ length: 2_000 }, () => Uint8Array.of(0x68, 1, 0x68, 0, 0x85, 0x52));
    const bomb = concat(Uint8Array.of(0x7d, 0x71, 0), ...fill, counter, ...copies);
    expect(() => parseCheckpoint(legacy(bomb))).toThrow(/more objects/);
  });

  it('may have names of any length, wrapped however often, and empty tensors with any other dimensions', () => {
    const long = 'module.'.repeat(300_000);
    expect([
      ...parseCheckpoint(legacy(tensorDict(`${long}w`, 'k', 0, [0, 2 ** 30, 2 ** 30], [1, 1, 1]), ['k'], [0])).tensors,
    ]).toMatchObject([['w', { dims: [0, 2 ** 30, 2 ** 30] }]]);
    // Forty dimensions of 2^30 multiply to infinity.
    const dims = [...new Array<number>(40).fill(2 ** 30), 0];
    const empty = parseCheckpoint(
      legacy(
        tensorDict(
          'w',
          'k',
          0,
          dims,
          dims.map(() => 1),
        ),
        ['k'],
        [0],
      ),
    );
    expect(empty.tensors.get('w')!.read().data).toHaveLength(0);
  });

  it('may not have small files inside it lie over each other, or unpack to more than a tensor can hold', () => {
    const stored = zipSync(
      { 'x/data.pkl': pickle(tensorDict('w', 'k', 1)), 'x/data/k': new Uint8Array(4), 'x/data/l': new Uint8Array(64) },
      { level: 0 },
    );
    expect(() => readAll(stored)).not.toThrow();
    const claims = (bytes: Uint8Array, field: number, value: number): Uint8Array => {
      const view = new DataView(bytes.buffer);
      let record = view.getUint32(bytes.length - 6, true);
      for (let file = 0; file < 3; file++) {
        view.setUint32(record + field, value, true);
        record += 46 + view.getUint16(record + 28, true) + view.getUint16(record + 30, true);
      }
      return bytes;
    };
    expect(() => parseCheckpoint(claims(stored.slice(), 20, stored.length - 1))).toThrow(/lie over each other/);
    const deflated = zipSync(
      { 'x/data.pkl': pickle(tensorDict('w', 'k', 1)), 'x/data/k': new Uint8Array(4), 'x/data/l': new Uint8Array(64) },
      { level: 9 },
    );
    expect(() => parseCheckpoint(claims(deflated, 24, 2 ** 30))).toThrow(/claims to unpack to more/);
  });

  it('may not be a zip bomb, and its names are keys, not paths', () => {
    const value = pickle(tensorDict('w', '../../../etc/passwd', 1));
    expect(() => parseCheckpoint(zipSync({ 'x/data.pkl': value }))).toThrow(/lacks the data of its storage/);
    const bomb = zipSync(
      { 'x/data.pkl': pickle(tensorDict('w', 'k', 1)), 'x/data/k': new Uint8Array(1 << 20) },
      { level: 9 },
    );
    expect(() => readAll(bomb)).toThrow(/should hold 4 bytes/);
    const view = new DataView(bomb.buffer);
    const directory = view.getUint32(bomb.length - 6, true);
    const second = directory + 46 + view.getUint16(directory + 28, true);
    view.setUint32(second + 24, 4, true); // now it claims to unpack to 4 bytes
    expect(() => readAll(bomb)).toThrow(/damaged/);
  });
});

function readAll(bytes: Uint8Array): void {
  for (const tensor of parseCheckpoint(bytes).tensors.values()) tensor.read();
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const uint32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const name = (value: string): Uint8Array => concat(Uint8Array.of(0x58), uint32(text(value).length), text(value));
const int = (value: number): Uint8Array => concat(Uint8Array.of(0x4a), uint32(value));
const tuple = (items: readonly Uint8Array[]): Uint8Array => concat(Uint8Array.of(0x28), ...items, Uint8Array.of(0x74));
const pickle = (body: Uint8Array): Uint8Array => {
  const out = new Uint8Array(body.length + 3);
  out.set([0x80, 2]);
  out.set(body, 2);
  out[out.length - 1] = 0x2e;
  return out;
};

/** The pickle body of {tensor: a float32 view of storage key}. */
function tensorDict(tensor: string, key: string, count: number, dims = [count], strides = [1]): Uint8Array {
  const storage = concat(
    tuple([name('storage'), text('ctorch\nFloatStorage\n'), name(key), name('cpu'), int(count)]),
    Uint8Array.of(0x51),
  );
  const args = tuple([
    storage,
    int(0),
    tuple(dims.map(int)),
    tuple(strides.map(int)),
    Uint8Array.of(0x89),
    Uint8Array.of(0x4e),
  ]);
  return concat(
    Uint8Array.of(0x7d),
    name(tensor),
    text('ctorch._utils\n_rebuild_tensor_v2\n'),
    args,
    Uint8Array.of(0x52, 0x73),
  );
}

/** A file of the older format around the body of a pickle, with float32 storages of that many zeros. */
function legacy(body: Uint8Array, keys: readonly string[] = [], counts: readonly number[] = []): Uint8Array {
  const head = fixture('legacy.pt').subarray(0, 17);
  const list = concat(Uint8Array.of(0x5d), ...keys.map((key) => concat(name(key), Uint8Array.of(0x61))));
  const data = counts.map((count) => concat(uint32(count), uint32(0), new Uint8Array(count * 4)));
  const parts = [
    head,
    pickle(concat(Uint8Array.of(0x4d), Uint8Array.of(0xe9, 3))),
    pickle(Uint8Array.of(0x7d)),
    pickle(body),
    pickle(list),
    ...data,
  ];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

it.each([
  ['version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n', /Git LFS pointer.*git lfs pull/],
  ['<!DOCTYPE html><html>Google Drive - Virus scan warning</html>', /web page/],
  ['\n  <html lang="en">', /web page/],
])('names what a download left in place of a checkpoint: %j', (text, message) => {
  expect(() => parseCheckpoint(new TextEncoder().encode(text), 'net.pth')).toThrow(message);
});
