import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadCheckpoint, parseCheckpoint, tensorNumbers, type Checkpoint } from '../../src/index.js';
import { looksLikeCheckpoint } from '../../src/import/pytorch/checkpoint.js';

const folder = fileURLToPath(new URL('checkpoints/', import.meta.url));
const valuesOf = ({ tensors }: Checkpoint): Record<string, number[]> =>
  Object.fromEntries([...tensors.values()].map((tensor) => [tensor.name, tensorNumbers(tensor.read())]));
const WEIGHTS = { w: [1, 2, 3, 4], b: [5, 6] };
const MODULE = { scale: [3], 'a.weight': [1, 2], 'a.mean': [7], 'b.0.weight': [1, 2], 'b.0.mean': [7] };

describe('objects of other classes in a checkpoint', () => {
  it.each(['opaque-2.pt', 'opaque-5.pt'])(
    'beside the weights are passed over: settings, dates, paths, NumPy arrays, enums and the like (%s)',
    (name) => {
      const checkpoint = loadCheckpoint(folder + name);
      expect(checkpoint.key).toBe('state_dict');
      expect(valuesOf(checkpoint)).toEqual(WEIGHTS);
    },
  );

  it('may hold the weights where their class is a kind of dict', () => {
    expect(valuesOf(loadCheckpoint(`${folder}dict-subclass.pt`))).toEqual(WEIGHTS);
  });

  it("may be whole modules, of which the weights are read as their state_dict's", () => {
    const whole = loadCheckpoint(`${folder}module.pt`);
    expect(whole.key).toBe('');
    expect(valuesOf(whole)).toEqual(MODULE);
    expect([...whole.tensors.keys()]).toEqual(Object.keys(MODULE));
    const nested = loadCheckpoint(`${folder}module-nested.pt`);
    expect(nested.key).toBe('model');
    expect(valuesOf(nested)).toEqual(MODULE);
    expect(valuesOf(loadCheckpoint(`${folder}module-nested.pt`, { key: 'ema' }))).toEqual(MODULE);
    const legacy = loadCheckpoint(`${folder}module-legacy.pt`);
    expect([legacy.format, [...legacy.tensors.keys()]]).toEqual(['legacy', ['weight', 'bias']]);
  });

  it('may be modules that hold themselves, or each other in 2^40 ways, and are then refused', () => {
    for (const name of ['module-loop.pt', 'module-doubling.pt'])
      expect(() => loadCheckpoint(folder + name)).toThrow(/more parts than any network has/);
  });

  it('are refused by name where only an attack has them, under the name of Python 2 too', () => {
    expect(() => loadCheckpoint(`${folder}evil-subprocess.pt`)).toThrow(
      expect.objectContaining({ code: 'UNSAFE_PICKLE', message: expect.stringContaining('commands.Popen') }),
    );
  });

  it('leave the weights alone where a single tensor lies beside them', () => {
    const checkpoint = loadCheckpoint(`${folder}beside.pt`);
    expect(checkpoint.key).toBe('model');
    expect(valuesOf(checkpoint)).toEqual(WEIGHTS);
  });

  it('and any single byte changed give weights or a sentence', () => {
    for (const name of ['opaque-2.pt', 'module.pt']) {
      const whole = readFileSync(folder + name);
      for (let place = 0; place < whole.length; place += 11) {
        const bytes = new Uint8Array(whole);
        bytes[place] = (bytes[place] ?? 0) ^ (1 << (place % 8));
        try {
          valuesOf(parseCheckpoint(bytes));
        } catch (error) {
          expect(error).toHaveProperty('name', 'OnnxLensError');
        }
      }
    }
  });
});

it('tells checkpoints, and what failed downloads leave, from ONNX files', () => {
  for (const name of ['zip.pt', 'legacy.pt', 'all.safetensors'])
    expect(looksLikeCheckpoint(new Uint8Array(readFileSync(folder + name)))).toBe(true);
  expect(looksLikeCheckpoint(new TextEncoder().encode('<!DOCTYPE html>'))).toBe(true);
  expect(looksLikeCheckpoint(Uint8Array.of(8, 9, 0x12, 3, 0x74, 0x66, 0x32, 0, 0, 0))).toBe(false);
  expect(looksLikeCheckpoint(new Uint8Array())).toBe(false);
});
