import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataType, GraphBuilder, parseModel, serializeModel } from 'onnx-lens';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InferencePool } from '../../src/inference/pool.js';
import { cachedModel, type CachedModel, type CacheEntry } from '../../src/models/cache.js';

let folder: string;
let conversions: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facemirror-cache-'));
  conversions = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Convolution, batch norm, activation and a product: what the optimizer fuses and the kernels repack. */
function network(): Uint8Array {
  const graph = new GraphBuilder('network');
  const values = (dims: number[], seed: number): string =>
    graph.floats(
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, place) => Math.sin(seed + place * 1.7)),
    );
  const positive = (seed: number): string =>
    graph.floats(
      [16],
      Float32Array.from({ length: 16 }, (_, place) => 1 + Math.abs(Math.sin(seed + place))),
    );
  const x = graph.input('x', DataType.FLOAT, [1, 8, 12, 12]);
  const convolved = graph.node('Conv', [x, values([16, 8, 3, 3], 1)]);
  const normed = graph.node('BatchNormalization', [
    convolved,
    positive(1),
    values([16], 2),
    values([16], 3),
    positive(4),
  ]);
  const flat = graph.node('Flatten', [graph.node('Relu', [normed])]);
  graph.output(graph.node('Gemm', [flat, values([1600, 32], 5)], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 32]);
  return serializeModel(graph.toModel({ opset: 17 }));
}

function entry(changes: Partial<CacheEntry> = {}): CacheEntry {
  return {
    name: 'net',
    sourceSha256: 'ab'.repeat(32),
    converter: 'test-1',
    compileForCpu: true,
    convert: () => {
      conversions++;
      return network();
    },
    ...changes,
  };
}

async function outputs({ model, compiled }: Pick<CachedModel, 'model' | 'compiled'>): Promise<Float32Array> {
  const pool = await InferencePool.open([{ name: 'net', model, ...(compiled === undefined ? {} : { compiled }) }]);
  try {
    const data = Float32Array.from({ length: 8 * 144 }, (_, place) => Math.cos(place * 0.37));
    return (await pool.run({ model: 'net', inputs: { x: { kind: 'values', dims: [1, 8, 12, 12], data } } }))['y']!.data;
  } finally {
    await pool.close();
  }
}

function flipByte(path: string, place: (length: number) => number): void {
  const bytes = readFileSync(path);
  const at = place(bytes.length);
  bytes[at] = ~(bytes[at] ?? 0);
  writeFileSync(path, bytes);
}

const STEM = `net-${'ab'.repeat(8)}-test-1`;

describe('a model in the cache', () => {
  it('gives the same values, to the bit, compiled, from its file and from its bytes', async () => {
    const cached = await cachedModel(folder, entry());
    expect(cached.compiled).toBe(join(folder, `${STEM}.compiled`, 'model.onnx'));
    const expected = await outputs({ model: network() });
    expect(await outputs({ model: cached.model })).toEqual(expected);
    // What is not there would be seen: the model itself is none.
    expect(await outputs({ model: new Uint8Array(4), compiled: cached.compiled! })).toEqual(expected);
  });

  it('is converted and compiled once', async () => {
    const first = await cachedModel(folder, entry());
    expect(await cachedModel(folder, entry())).toEqual(first);
    expect(conversions).toBe(1);
    expect(readdirSync(folder).sort()).toEqual([`${STEM}.compiled`, `${STEM}.onnx`]);
  });

  it('stays a model with its seal', async () => {
    const { model } = await cachedModel(folder, entry({ compileForCpu: false }));
    expect(parseModel(readFileSync(model as string), 'net').metadataProps.map(({ key }) => key)).toContain(
      'facemirror.sha256',
    );
  });

  it.each([
    [
      'its file',
      () => flipByte(join(folder, `${STEM}.onnx`), (length) => length >> 1),
      2,
      /was damaged and has been made again/,
    ],
    [
      'its compiled weights',
      () => flipByte(join(folder, `${STEM}.compiled`, 'weights.bin'), (length) => length >> 1),
      1,
      null,
    ],
    [
      'the manifest of the compiled model',
      () => writeFileSync(join(folder, `${STEM}.compiled`, 'manifest.json'), '{'),
      1,
      null,
    ],
  ])('is made again when %s is damaged', async (_, spoil, made, note) => {
    await cachedModel(folder, entry());
    spoil();
    const again = await cachedModel(folder, entry());
    expect(conversions).toBe(made);
    if (note === null) expect(again.note).toBeNull();
    else expect(again.note).toMatch(note);
    expect(await outputs(again)).toEqual(await outputs({ model: network() }));
    expect((await cachedModel(folder, entry())).note).toBeNull();
  });

  it('is used from memory, with a sentence, where the cache cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const cached = await cachedModel(join(folder, 'file'), entry());
    expect(cached).toMatchObject({
      model: network(),
      note: expect.stringMatching(/cannot be written .* FACEMIRROR_CACHE/),
    });
    expect(cached.compiled).toBeUndefined();
  });

  it('is opened from its file when the compiled one has gone meanwhile', async () => {
    const { model } = await cachedModel(folder, entry({ compileForCpu: false }));
    expect(await outputs({ model, compiled: join(folder, 'gone', 'model.onnx') })).toEqual(await outputs({ model }));
  });

  it('leaves nothing of runs that were killed', async () => {
    const stale = join(folder, `${STEM}.compiled.123.0badcafe.part`);
    const fresh = join(folder, `${STEM}.compiled.456.0badcafe.part`);
    for (const left of [stale, fresh]) mkdirSync(left);
    const yesterday = Date.now() / 1000 - 86_400;
    utimesSync(stale, yesterday, yesterday);
    await cachedModel(folder, entry());
    expect(readdirSync(folder).sort()).toEqual([
      `${STEM}.compiled`,
      `${STEM}.compiled.456.0badcafe.part`,
      `${STEM}.onnx`,
    ]);
  });
});
