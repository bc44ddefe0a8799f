import { describe, expect, it } from 'vitest';
import type { Crop } from '../../src/frames/crop.js';
import { FramePool } from '../../src/frames/pool.js';
import { joinRequests } from '../../src/inference/joined-request.js';
import type { RunRequest } from '../../src/inference/request.js';
import { RunQueue, type Queued } from '../../src/inference/run-queue.js';

const pool = new FramePool({ width: 16, height: 16, colour: { matrix: 'bt709', range: 'limited' }, capacity: 1 });
const frame = await pool.acquire();

function crop(width: number, x0 = 0): Crop {
  return {
    toSource: { xx: 1, xy: 0, x0, yx: 0, yy: 1, y0: 0 },
    width,
    height: 4,
    layout: 'NCHW',
    channels: 'RGB',
    scale: [1, 1, 1],
    offset: [0, 0, 0],
    border: 'clamp',
    sampling: 'bilinear',
  };
}

function job(model: string, width = 4, x0 = 0): Queued {
  return { request: { model, inputs: { image: { kind: 'crops', crops: [{ frame, crop: crop(width, x0) }] } } } };
}

function queueOf(...jobs: Queued[]): RunQueue<Queued> {
  const models = [
    { name: 'landmarks', model: '', batch: 2, urgency: 0 },
    { name: 'units', model: '', batch: 3, urgency: 1 },
    { name: 'detector', model: '', urgency: 2 },
  ];
  const queue = new RunQueue<Queued>(models);
  for (const each of jobs) queue.add(each);
  return queue;
}

/** What is handed out, one after another, as models and numbers of runs. */
function order(queue: RunQueue<Queued>): string[] {
  const taken: string[] = [];
  for (let jobs = queue.take(); jobs.length > 0; jobs = queue.take())
    taken.push(`${jobs[0]?.request.model} ${jobs.length}`);
  return taken;
}

describe('runs that wait for a worker', () => {
  it('go out as full batches, the urgent ones first; what fills no batch goes only when there is nothing else to do', () => {
    const queue = queueOf(
      job('landmarks'),
      job('landmarks'),
      job('units'),
      job('units'),
      job('landmarks'),
      job('detector'),
    );
    expect(order(queue)).toEqual(['detector 1', 'landmarks 2', 'units 2', 'landmarks 1']);
  });

  it('of different shapes share no batch, and none is overtaken by another of its network', () => {
    const [first, second, other, last] = [
      job('landmarks', 4),
      job('landmarks', 4),
      job('landmarks', 8),
      job('landmarks', 4),
    ];
    const queue = queueOf(first, other, second, last);
    expect([queue.take(), queue.take(), queue.take()]).toEqual([[first], [other], [second, last]]);
  });

  it('that are put back go before the others of their network', () => {
    const jobs = [1, 2, 3].map((x0) => job('landmarks', 4, x0));
    const queue = queueOf(...jobs);
    queue.putBack(queue.take());
    expect(queue.take()).toEqual(jobs.slice(0, 2));
    expect(queue.drain()).toEqual(jobs.slice(2));
    expect(queue.take()).toEqual([]);
  });
});

describe('joined runs', () => {
  const crops = (request: RunRequest): number[] => {
    const input = request.inputs['image'];
    return input?.kind === 'crops' ? input.crops.map((each) => each.crop.toSource.x0) : [];
  };

  it('hold the crops in order, filled up with the last one to a batch that is fixed', () => {
    const requests = [1, 2].map((x0) => job('units', 4, x0).request);
    expect(crops(joinRequests(requests))).toEqual([1, 2]);
    expect(crops(joinRequests(requests, 4))).toEqual([1, 2, 2, 2]);
  });
});
