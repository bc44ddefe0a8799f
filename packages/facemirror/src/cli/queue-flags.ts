import type { Command } from 'commander';
import { DEFAULT_QUEUE, queueAddress, type QueueAddress } from '../queue/address.js';

/** What every command about a queue is told. */
export interface QueueOptions {
  readonly queue?: string;
  readonly name: string;
}

export const QUEUE_HELP = `
User and password come from the environment: FACEMIRROR_QUEUE_USERNAME and FACEMIRROR_QUEUE_PASSWORD, or the whole address
from FACEMIRROR_QUEUE. rediss:// is TLS; NODE_EXTRA_CA_CERTS names the file of your own authority.
S3: keys, region and endpoint come from the environment as for other AWS programs (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...).
docs/many-machines.md shows the whole, with Kubernetes and Slurm.
`;

/** The flags that say which queue. */
export function addQueueFlags(command: Command): Command {
  return command
    .option('--queue <address>', 'the Redis or Valkey server, e.g. redis://host:6379/0 (default: FACEMIRROR_QUEUE)')
    .option('--name <word>', 'name of the queue, where a server has several', DEFAULT_QUEUE);
}

/** @throws FaceMirrorError USAGE. */
export function addressIn({ queue, name }: QueueOptions): QueueAddress {
  return queueAddress(queue, name);
}
