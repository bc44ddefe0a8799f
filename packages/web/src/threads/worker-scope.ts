/** A worker's end of its channel to the thread that started it. */
export interface WorkerScope<Incoming, Outgoing> {
  postMessage(message: Outgoing, transfer?: readonly Transferable[]): void;
  onmessage: ((event: { readonly data: Incoming }) => void) | null;
  close(): void;
}

/** This thread as a worker. The page's types, which hold for the whole package, have no such scope. */
export function workerScope<Incoming, Outgoing>(): WorkerScope<Incoming, Outgoing> {
  return globalThis as unknown as WorkerScope<Incoming, Outgoing>;
}
