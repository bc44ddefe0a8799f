import type { Redis } from 'ioredis';
import type { SuiteName } from 'facemirror-core/suites/suite.js';
import { sha256 } from '../files/hash.js';
import { startHelper } from '../processes/helper-process.js';
import { Refusal } from './refusal.js';
import type { SuiteAnswer, SuiteQuestion } from './suite-messages.js';

/** What a machine has of a suite: a mark that is equal for equal networks, or why it cannot be opened. */
type Found = { readonly kind: 'networks'; readonly mark: string } | { readonly kind: 'none'; readonly why: string };

/**
 * Sees that all workers of a queue have the same networks: the first worker to use a suite leaves their mark, and those
 * with others refuse. Else results would depend on which machine made them.
 */
export class SuiteCheck {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #machine: string;
  readonly #found = new Map<SuiteName, Promise<Found>>();

  /** @param queue name of the queue. @param machine what this worker is called in sentences. */
  constructor(redis: Redis, queue: string, machine: string) {
    this.#redis = redis;
    this.#key = networksKey(queue);
    this.#machine = machine;
  }

  /** @throws Refusal where this machine lacks the suite's networks, or has others than the queue's. */
  async require(question: SuiteQuestion): Promise<void> {
    const { suite } = question;
    const asked = this.#found.get(suite) ?? ask(question);
    this.#found.set(suite, asked);
    const found = await asked;
    if (found.kind === 'none') {
      // Somebody may install them while the worker runs.
      this.#found.delete(suite);
      throw new Refusal(`This worker cannot open the suite ${suite}: ${found.why}`);
    }
    const own = JSON.stringify([found.mark, this.#machine]);
    await this.#redis.hsetnx(this.#key, suite, own);
    const kept = (await this.#redis.hget(this.#key, suite)) ?? own;
    const [mark, first] = JSON.parse(kept) as readonly [unknown, unknown];
    if (mark === found.mark) return;
    this.#found.delete(suite);
    throw new Refusal(
      `This worker's networks of the suite ${suite} are not those that ${String(first)} began with, so that its results would differ: give all workers the same files ("facemirror models").`,
    );
  }
}

/** The key under which a queue keeps the marks of its suites' networks. */
export function networksKey(queue: string): string {
  return `facemirror:${queue}:networks`;
}

async function ask(question: SuiteQuestion): Promise<Found> {
  let answer: SuiteAnswer | null = null;
  const { ended } = startHelper<SuiteAnswer>(new URL('../../dist/queue/suite-child.js', import.meta.url), question, {
    stderr: 'ignore',
    onMessage: (said) => (answer = said),
  });
  const { why } = await ended;
  // The closure sets it, which the compiler does not follow.
  const said = answer as SuiteAnswer | null;
  if (said === null) return { kind: 'none', why: `the process that tried was lost (${why}).` };
  if (said.kind === 'failed') return { kind: 'none', why: said.message };
  const networks = said.models.map(({ name, sha256: hash }) => [name, hash]).sort();
  return { kind: 'networks', mark: sha256(JSON.stringify(networks)) };
}
