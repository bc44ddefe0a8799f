import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const PROGRAM = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Why tests of the queue are skipped; null where they run. */
export const NO_REDIS = PROGRAM === undefined ? 'there is no redis-server here' : null;

/** A real server with a password, on a free port, that keeps all that it is told. */
export class RedisServer {
  readonly port: number;
  readonly password = 'correct-horse-9';
  readonly #folder = mkdtempSync(join(tmpdir(), 'facemirror-redis-'));
  #child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.begin();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** What the program's environment needs. */
  get environment(): Readonly<Record<string, string>> {
    return { FACEMIRROR_QUEUE_PASSWORD: this.password };
  }

  async begin(): Promise<void> {
    const { port, password } = this;
    this.#child = spawn(
      PROGRAM ?? '',
      ['--port', String(port), '--dir', this.#folder, '--appendonly', 'yes', '--requirepass', password, '--save', ''],
      { stdio: 'ignore' },
    );
    const redis = new Redis({ port, password, retryStrategy: () => 50, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    await redis.ping();
    redis.disconnect();
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
    this.#child = null;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
