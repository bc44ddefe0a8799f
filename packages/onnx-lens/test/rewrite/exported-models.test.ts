import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { optimizeForProvider, ORT_VERSIONS, parseModel, proveEqual } from '../../src/index.js';
import { SHARED } from '../shared-folder.js';

const exported = join(SHARED, 'models', 'exported');

/** The three graphs as PyTorch exports them, on Core ML (MLProgram) by the rules of every known release. */
describe.skipIf(!existsSync(exported))('the exported networks (skipped where the shared models are absent)', () => {
  it.each([
    ['retinaface', { batch_size: 1, height: 640, width: 640 }, 100, 1],
    ['star', {}, 99.5, 1],
    ['mtl', {}, 99, 2],
  ] as const)(
    '%s with %o reaches its goal on Core ML and computes the same',
    async (name, fix, coverage, partitions) => {
      const model = parseModel(brotliDecompressSync(readFileSync(join(exported, `${name}_as_exported.onnx.br`))), name);
      const result = await optimizeForProvider(model, { fix });
      expect(result.releases.map(({ ort }) => ort)).toEqual([...ORT_VERSIONS]);
      expect(Math.min(...result.releases.map(({ after }) => after.coverage))).toBeGreaterThanOrEqual(coverage);
      expect(Math.max(...result.releases.map(({ after }) => after.partitions))).toBeLessThanOrEqual(partitions);
      const proof = await proveEqual(model, result.model, { samples: 2, batches: [1, 2] });
      expect(proof.outputs.filter((output) => output.maxAbs > 1e-5 && !output.isWithin)).toEqual([]);
    },
    480_000,
  );
});
