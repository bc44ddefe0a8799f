import { cropLength } from '../frames/crop.js';
import { cropToTensor } from '../frames/crop-to-tensor.js';
import type { NetworkInput, RunRequest } from './request.js';

/**
 * The same request for a worker that does not share the frames' memory: its crops sampled here, in place of the frames.
 */
export function sampledRequest(request: RunRequest): RunRequest {
  const inputs = Object.entries(request.inputs).map(([name, input]) => [name, toValues(input)] as const);
  return { ...request, inputs: Object.fromEntries(inputs) };
}

function toValues(input: NetworkInput): NetworkInput {
  const [first] = input.kind === 'crops' ? input.crops : [];
  if (input.kind === 'values' || first === undefined) return input;
  const { crop } = first;
  const length = cropLength(crop);
  const data = new Float32Array(length * input.crops.length);
  input.crops.forEach((each, place) => cropToTensor(each.frame, each.crop, data, place * length));
  const count = input.crops.length;
  const dims = crop.layout === 'NCHW' ? [count, 3, crop.height, crop.width] : [count, crop.height, crop.width, 3];
  return { kind: 'values', dims, data };
}
