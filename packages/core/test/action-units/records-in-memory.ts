import type { RecordStore } from '../../src/action-units/record-store.js';

/** A store for tests, which have few frames. */
export function recordsInMemory(): RecordStore {
  const kept: Float64Array[] = [];
  return {
    append: (record) => void kept.push(record.slice()),
    records: () => kept,
    close: () => void kept.splice(0),
  };
}
