import { parseModel, serializeModel } from 'onnx-lens';
import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import { randomWeights, type TensorSpec } from 'facemirror-core/suites/openface3/architectures/weights.js';
import { prepareNetwork } from '../../src/suites/openface3/files.js';

/** A safetensors file of these tensors in float32, under names that DataParallel has lengthened. */
function safetensors(specs: readonly TensorSpec[], seed: number): Uint8Array {
  const weights = randomWeights(specs, seed);
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { name, dims } of specs.filter(({ optional }) => optional !== true)) {
    const values = weights.get(name);
    header[`module.${name}`] = { dtype: 'F32', shape: dims, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer);
  return new Uint8Array(Buffer.concat([length, text, ...parts]));
}

describe('a network in a safetensors file', () => {
  const architecture = ARCHITECTURES.retinaface;
  const specs = architecture.tensors();
  const bytes = safetensors(specs, 7);

  it('becomes the same ONNX file as from the same weights elsewhere', () => {
    const { name, kind, model } = prepareNetwork(bytes, 'net.safetensors');
    expect([name, kind]).toEqual(['retinaface', 'checkpoint']);
    const direct = serializeModel(architecture.build(randomWeights(specs, 7), {}));
    expect(Buffer.compare(serializeModel(model), direct)).toBe(0);
    expect(parseModel(direct).graph?.node.length).toBeGreaterThan(0);
  });

  it('is refused with a sentence when it is cut off, or a web page stands in its place', () => {
    expect(() => prepareNetwork(bytes.subarray(0, bytes.length - 1), 'net.safetensors')).toThrow(
      /net\.safetensors is cut off/,
    );
    expect(() => prepareNetwork(new TextEncoder().encode('<!DOCTYPE html><p>Log in'), 'net.safetensors')).toThrow(
      /web page/,
    );
  });
});
