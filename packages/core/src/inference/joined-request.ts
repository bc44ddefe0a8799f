import type { CropRequest, NetworkInput, RunRequest, RunResult } from './request.js';

/**
 * One request for several of the same shape, filled up with copies of its last crop to `size` where the graph's batch
 * is fixed to that.
 */
export function joinRequests(requests: readonly RunRequest[], size = requests.length): RunRequest {
  const [first] = requests;
  if (first === undefined) throw new RangeError('There are no requests to join.');
  if (requests.length === 1 && size <= 1) return first;
  const joined = (name: string): NetworkInput => {
    const crops = requests.flatMap(({ inputs }): readonly CropRequest[] => {
      const input = inputs[name];
      return input?.kind === 'crops' ? input.crops : [];
    });
    const last = crops.at(-1);
    const filling = last === undefined ? [] : Array.from({ length: Math.max(0, size - crops.length) }, () => last);
    return { kind: 'crops', crops: [...crops, ...filling] };
  };
  return { ...first, inputs: Object.fromEntries(Object.keys(first.inputs).map((name) => [name, joined(name)])) };
}

/** One item's part of a batch's outputs: its row of each. */
export function itemOf(result: RunResult, place: number): RunResult {
  const rows = Object.entries(result).map(([name, { dims, data }]) => {
    const row = dims.slice(1).reduce((product, dim) => product * dim, 1);
    return [name, { dims: [1, ...dims.slice(1)], data: data.slice(place * row, (place + 1) * row) }] as const;
  });
  return Object.fromEntries(rows);
}

/** How many items a request holds. */
export function itemsIn(request: RunRequest): number {
  const [first] = Object.values(request.inputs);
  return first === undefined ? 0 : first.kind === 'crops' ? first.crops.length : (first.dims[0] ?? 1);
}
