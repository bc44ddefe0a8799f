import { FaceMirrorError } from 'facemirror-core/errors.js';
import { InferencePool } from '../inference/pool.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';
import { keepFigures, readFigures } from './machine-figures.js';

/**
 * Bytes that a session took, by its batch; null where sizes other than the batch are free, and with them its memory.
 */
type ByBatch = Readonly<Record<string, number | null>>;

/** A network whose session can be measured beforehand. */
interface Measurable {
  readonly source: ModelSource;
  /** Where its figures are kept. */
  readonly path: string;
  readonly batch: string;
  readonly known: ByBatch;
}

/**
 * The same networks, with what memory a session of each takes in the batch that it is given
 * (`ModelSource.memoryBytes`): opened and run once in a process of its own, then read from beside the network in the
 * cache. Networks that are not compiled for this machine, and those of free sizes, are left as they are.
 */
export async function withSessionMemory(sources: readonly ModelSource[], signal?: AbortSignal): Promise<ModelSource[]> {
  const measurable = (await Promise.all(sources.map(lookUp))).filter((each) => each !== null);
  const unknown = measurable.filter(({ batch, known }) => known[batch] === undefined);
  const measured =
    unknown.length === 0
      ? new Map<string, number>()
      : await measure(
          unknown.map(({ source }) => source),
          signal,
        );
  return sources.map((source) => {
    const found = measurable.find((each) => each.source === source);
    if (found === undefined || measured === null) return source;
    const { path, batch, known } = found;
    const bytes = known[batch] === undefined ? (measured.get(source.name) ?? null) : known[batch];
    if (known[batch] === undefined) keepFigures(path, { sessionBytes: { ...known, [batch]: bytes } });
    return bytes === null ? source : { ...source, memoryBytes: bytes };
  });
}

async function lookUp(source: ModelSource): Promise<Measurable | null> {
  const { model, compiled, batch = 1 } = source;
  if (typeof model !== 'string' || compiled === undefined) return null;
  const path = model.replace(/\.onnx$/, '.memory.json');
  const kept = (await readFigures(path))?.['sessionBytes'];
  return { source, path, batch: String(batch), known: isByBatch(kept) ? kept : {} };
}

function isByBatch(value: unknown): value is ByBatch {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((bytes) => bytes === null || (typeof bytes === 'number' && bytes >= 0))
  );
}

/** By name, as workers open them; null where they do not open, or are stopped, which the run itself will say better. */
async function measure(
  sources: readonly ModelSource[],
  signal: AbortSignal | undefined,
): Promise<Map<string, number> | null> {
  const bytes = new Map<string, number>();
  try {
    const pool = await InferencePool.open(
      sources.map((source) => ({ ...source, open: 'start' as const })),
      {
        isolation: 'process',
        ...(signal === undefined ? {} : { signal }),
        profiler: { model: () => undefined, modelOpened: (name, { memoryBytes }) => bytes.set(name, memoryBytes ?? 0) },
      },
    );
    await pool.close();
    return bytes;
  } catch (cause) {
    if (cause instanceof FaceMirrorError) return null;
    throw cause;
  }
}
