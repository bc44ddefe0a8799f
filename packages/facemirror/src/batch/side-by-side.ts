import { MachineLoad } from '../machine/machine-load.js';
import { usableCores } from '../machine/usable-cores.js';

/** One more video is begun where so much of the machine's processor time was left idle for so long. */
const IDLE_FOR_ANOTHER = 0.2;
const WATCH_MS = 3000;
const LOOK_MS = 200;

/** How tasks are worked off. */
export interface SideBySideOptions<Task> {
  /** How many at once; `auto`: one, and one more whenever cores stay idle, up to one for each core. */
  readonly jobs: number | 'auto';
  /**
   * Works on one task. Rejects only for what would stop all others as well; the signal then stops these.
   * @param hand who works, from 0: a hand takes one task after another.
   */
  readonly work: (task: Task, hand: number, signal: AbortSignal) => Promise<void>;
  /**
   * Whether one more hand may begin: no sooner than the first one's needs are known, and only where there is room for
   * it.
   */
  readonly hasRoom: (hands: number) => boolean;
  readonly signal: AbortSignal;
  /** The machine's idle time; another one for tests. */
  readonly load?: Pick<MachineLoad, 'idleShare'>;
}

/**
 * Works off tasks in their order, several at once where that is asked for or pays.
 * Resolves when all are done; rejects with the first failure, after everything under way has come to rest.
 */
export async function workSideBySide<Task>(tasks: readonly Task[], options: SideBySideOptions<Task>): Promise<void> {
  const { jobs, work, hasRoom } = options;
  const most = Math.min(tasks.length, jobs === 'auto' ? usableCores() : jobs);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const hands: Promise<void>[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | null = null;

  const begin = (): void => {
    const hand = hands.length;
    const workOff = async (): Promise<void> => {
      for (let task = tasks[next++]; task !== undefined && failure === null; task = tasks[next++])
        await work(task, hand, signal);
    };
    hands.push(
      workOff().catch((error: unknown) => {
        failure ??= { error };
        stop.abort(error);
      }),
    );
  };

  const watch = jobs === 'auto' ? new IdleWatch(options.load ?? new MachineLoad()) : null;
  begin();
  const timer = setInterval(() => {
    if (next >= tasks.length || hands.length >= most || failure !== null || !hasRoom(hands.length)) watch?.restart();
    else if (watch === null || watch.isIdle()) begin();
  }, LOOK_MS);
  try {
    // A hand that begins later is waited for as well.
    for (let hand = 0; hand < hands.length; hand++) await hands[hand];
  } finally {
    clearInterval(timer);
  }
  // The closures set it, which the compiler does not follow.
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
}

/** Says when cores have been idle for a while; the while begins again with each answer. */
class IdleWatch {
  readonly #load: Pick<MachineLoad, 'idleShare'>;
  #since = performance.now();

  constructor(load: Pick<MachineLoad, 'idleShare'>) {
    this.#load = load;
  }

  isIdle(): boolean {
    if (performance.now() - this.#since < WATCH_MS) return false;
    this.#since = performance.now();
    return (this.#load.idleShare() ?? 0) >= IDLE_FOR_ANOTHER;
  }

  restart(): void {
    this.#since = performance.now();
    this.#load.idleShare();
  }
}
