import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { workSideBySide, type SideBySideOptions } from '../../src/batch/side-by-side.js';

/** Works off tasks of some time each and tells how many were under way at once, by whom. */
async function work(
  options: Partial<SideBySideOptions<number>>,
  tasks = 6,
): Promise<{ order: number[]; most: number; hands: number }> {
  const order: number[] = [];
  const hands = new Set<number>();
  let [underWay, most] = [0, 0];
  await workSideBySide(
    Array.from({ length: tasks }, (_, index) => index),
    {
      jobs: 1,
      hasRoom: () => true,
      signal: new AbortController().signal,
      work: async (task, hand) => {
        order.push(task);
        hands.add(hand);
        most = Math.max(most, ++underWay);
        await delay(300);
        underWay--;
      },
      ...options,
    },
  );
  return { order, most, hands: hands.size };
}

describe('videos', () => {
  test('are worked on one after another with one job, in their order', async () => {
    expect(await work({ jobs: 1 }, 3)).toEqual({ order: [0, 1, 2], most: 1, hands: 1 });
  });

  test('are worked on so many at once as was asked for, each once', async () => {
    const { order, most } = await work({ jobs: 3 });
    expect(order.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(most).toBe(3);
  });

  test('are no more at once than there is room for', async () => {
    expect(await work({ jobs: 3, hasRoom: (hands) => hands < 2 })).toMatchObject({ most: 2 });
  });

  test('are not begun while the cores are busy, when the number is left to the program', async () => {
    expect(await work({ jobs: 'auto', load: { idleShare: () => 0.05 } }, 2)).toMatchObject({ most: 1 });
  });

  test('are joined by another when cores stay idle', { timeout: 20_000 }, async () => {
    const long = await work({ jobs: 'auto', load: { idleShare: () => 0.5 } }, 14);
    // One core: never more than one at once.
    expect(long.most).toBe(Math.min(2, (await import('node:os')).availableParallelism()));
  });

  test('are stopped by what stops all of them, and waited for', async () => {
    const stopped: number[] = [];
    let underWay = 0;
    const working = workSideBySide([0, 1, 2, 3], {
      jobs: 2,
      hasRoom: () => true,
      signal: new AbortController().signal,
      work: async (task, _hand, signal) => {
        underWay++;
        try {
          if (task === 1) throw new Error('the disk is full');
          await delay(5000, undefined, { signal }).catch(() => stopped.push(task));
        } finally {
          underWay--;
        }
      },
    });
    await expect(working).rejects.toThrow('the disk is full');
    expect({ underWay, stopped }).toEqual({ underWay: 0, stopped: [0] });
  });
});
