import { cpus } from 'node:os';
import { usableCores } from './usable-cores.js';

/** How much of the machine's processor time nobody uses, this program or another. */
export class MachineLoad {
  #before = ticks();

  /**
   * Since it was last asked, or since the start: 0 (all cores busy) to 1. Null where it cannot be told: in a container
   * that may use fewer cores than the machine has, and before any time has gone by.
   */
  idleShare(): number | null {
    const now = ticks();
    const { idle, total } = this.#before;
    this.#before = now;
    if (cpus().length !== usableCores() || now.total <= total) return null;
    return Math.min(1, Math.max(0, (now.idle - idle) / (now.total - total)));
  }

  /**
   * Whether other work kept most of the cores busy that one thread of ours left, since it was last asked: times taken
   * meanwhile are rough.
   */
  isDisturbed(): boolean {
    return (this.idleShare() ?? 1) < (1 - 1 / usableCores()) / 2;
  }
}

function ticks(): { readonly idle: number; readonly total: number } {
  let [idle, total] = [0, 0];
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}
