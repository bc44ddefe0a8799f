import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStorage } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { freePort } from '../queue/redis-server.js';

/** moto's server, from PyPI: `pip install 'moto[server]'`. */
const MOTO = process.env['FACEMIRROR_MOTO'] ?? 'moto_server';
const HAS_MOTO = spawnSync(MOTO, ['--help']).status === 0;
if (!HAS_MOTO) console.warn("S3 is not tested: there is no moto_server here (pip install 'moto[server]').");

describe.skipIf(!HAS_MOTO)('a bucket', () => {
  const never = new AbortController().signal;
  const target = { path: 'videos/a.mp4', out: 'results', stem: 'a' };
  let server: ChildProcess;
  let client: S3Client;
  let storage: Storage;

  beforeAll(async () => {
    const port = await freePort();
    server = spawn(MOTO, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    });
    client = new S3Client({ forcePathStyle: true });
    for (let tries = 0; ; tries++)
      try {
        await client.send(new CreateBucketCommand({ Bucket: 'study' }));
        break;
      } catch (error) {
        if (tries === 100) throw error;
        await delay(300);
      }
    for (const Key of ['p/videos/a.mp4', 'p/videos/note.txt', 'outside.mp4'])
      await client.send(new PutObjectCommand({ Bucket: 'study', Key, Body: 'video' }));
    storage = await openStorage('s3://study/p');
  });
  afterAll(() => {
    storage.close();
    client.destroy();
    server.kill();
  });
  const keys = async (): Promise<string[]> =>
    ((await client.send(new ListObjectsV2Command({ Bucket: 'study', Prefix: 'p/results' }))).Contents ?? []).map(
      ({ Key }) => Key ?? '',
    );

  test('gives its videos and their hash', async () => {
    expect(await storage.videos(['s3://study/p/videos'])).toEqual([{ path: 'videos/a.mp4', stem: 'a' }]);
    expect(await storage.hash('videos/a.mp4')).toEqual({
      sha256: createHash('sha256').update('video').digest('hex'),
      bytes: 5,
    });
    await expect(storage.videos(['s3://study/outside.mp4'])).rejects.toThrow('outside the root');
    await expect(storage.hash('../outside.mp4')).rejects.toThrow('no path below the root');
    await expect(storage.hash('videos/none.mp4')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  test('takes results whole, in place of older ones, and leaves no scratch', async () => {
    await client.send(new PutObjectCommand({ Bucket: 'study', Key: 'p/results/a_debug.mp4', Body: 'old' }));
    const place = await storage.begin(target, 5, never);
    expect(await readFile(place.video, 'utf8')).toBe('video');
    for (const name of ['a_measures.csv', 'a.json']) await writeFile(join(place.out, name), '{}');
    await place.publish(never);
    await place.close();
    expect(await keys()).toEqual(['p/results/a.json', 'p/results/a_measures.csv']);
    await expect(readFile(place.video)).rejects.toThrow('ENOENT');
  });

  test('is rid of what a lost worker left: outputs without a record, and unfinished uploads', async () => {
    const lost = { ...target, stem: 'lost' };
    await client.send(new PutObjectCommand({ Bucket: 'study', Key: 'p/results/lost_measures.csv', Body: 'half' }));
    await client.send(new CreateMultipartUploadCommand({ Bucket: 'study', Key: 'p/results/lost_debug.mp4' }));
    await storage.removeHalfMade(lost);
    expect((await keys()).filter((key) => key.includes('lost'))).toEqual([]);
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket: 'study' }))).Uploads ?? []).toEqual([]);
  });
});
