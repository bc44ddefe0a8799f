import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as S3 from '@aws-sdk/client-s3';
import type * as LibStorage from '@aws-sdk/lib-storage';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { OUTPUT_KINDS, outputName } from 'facemirror-core/results/output-names.js';
import { hasVideoName, withStems } from '../batch/input-files.js';
import type { FileHash } from '../files/hash.js';
import { isRunning } from '../processes/is-running.js';
import { stemOfOutput } from '../results/outputs.js';
import { isOfSameRun, parseRecord } from '../results/record.js';
import { checkedRelative } from './relative-path.js';
import type { Storage, Target, WantedResults, Workplace } from './storage.js';

/** Room that results and the disk itself need beside a downloaded video. */
const KEPT_FREE_BYTES = 500e6;
/** Objects that are sent at once. */
const AT_ONCE = 4;

/**
 * A bucket. Keys, region and endpoint come from the environment, as for every AWS program; a bucket at another endpoint is
 * addressed by path, as those servers have it.
 * @param root `s3://bucket/prefix`.
 * @throws FaceMirrorError USAGE.
 */
export async function openS3(root: string): Promise<Storage> {
  let sdk: typeof S3;
  let lib: typeof LibStorage;
  // The release that is installed works on Node.js 20: its warning is about later ones.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  try {
    [sdk, lib] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
  } catch (cause) {
    throw new FaceMirrorError(
      'USAGE',
      'S3 needs the packages @aws-sdk/client-s3 and @aws-sdk/lib-storage, which are not installed here: run "npm install @aws-sdk/client-s3 @aws-sdk/lib-storage".',
      { cause },
    );
  }
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(root) ?? [];
  if (bucket === undefined) throw new FaceMirrorError('USAGE', `"${root}" is no bucket: write s3://bucket/prefix.`);
  const isOwnServer = Boolean(process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']);
  const client = new sdk.S3Client({
    forcePathStyle: isOwnServer,
    ...(process.env['AWS_REGION'] ? {} : { region: 'us-east-1' }),
  });
  await removeLeftScratch();
  return new S3Storage({ sdk, lib, client, bucket, prefix: prefix.replace(/\/+$/, '') });
}

/** Folders of downloads are named `facemirror-s3-<process>-...`: those of processes that were killed go. */
async function removeLeftScratch(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = Number(/^facemirror-s3-(\d+)-/.exec(name)?.[1] ?? NaN);
    if (Number.isInteger(pid) && !isRunning(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

interface Bucket {
  readonly sdk: typeof S3;
  readonly lib: typeof LibStorage;
  readonly client: S3.S3Client;
  readonly bucket: string;
  /** Without a slash at its end; empty for the whole bucket. */
  readonly prefix: string;
}

class S3Storage implements Storage {
  readonly #s3: Bucket;
  readonly shown: string;

  constructor(s3: Bucket) {
    this.#s3 = s3;
    this.shown = `s3://${s3.bucket}/${s3.prefix}`;
  }

  async videos(paths: readonly string[]): Promise<readonly { readonly path: string; readonly stem: string }[]> {
    const found = new Set<string>();
    for (const path of paths) {
      const below = this.#below(path);
      const isObject = below !== '' && (await this.#head(below)) !== null;
      for (const each of isObject ? [below] : await this.#videosIn(below)) found.add(each);
    }
    if (found.size === 0)
      throw new FaceMirrorError(
        'USAGE',
        `There is no video in ${paths.join(', ')}: give a video, or a prefix that has some.`,
      );
    return withStems([...found]);
  }

  folder(path: string): Promise<string> {
    return Promise.resolve(this.#below(path));
  }

  async hash(path: string, signal?: AbortSignal): Promise<FileHash> {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const chunk of (await this.#get(path, signal)) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    } catch (error) {
      throw this.#failure(path, error, signal);
    }
    return { sha256: hash.digest('hex'), bytes };
  }

  async hasResults(target: Target, { sha256, settings, version }: WantedResults): Promise<boolean> {
    const record = await this.#record(target);
    if (record === null || record.input.sha256 !== sha256 || !isOfSameRun(record, settings, version)) return false;
    const there = await this.#outputsOf(target);
    return record.output.files.every((name) => there.has(basename(name)));
  }

  async removeHalfMade(target: Target): Promise<void> {
    const { sdk, client, bucket } = this.#s3;
    const prefix = this.#key(joined(target.out, target.stem));
    const { Uploads = [] } = await this.#ask(
      () => client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix })),
      target.out,
    );
    const names = namesOf(target.stem);
    for (const { Key, UploadId } of Uploads)
      if (Key !== undefined && UploadId !== undefined && names.has(basename(Key)))
        await this.#ask(
          () => client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })),
          target.out,
        );
    if ((await this.#record(target)) !== null) return;
    for (const name of await this.#outputsOf(target)) await this.#remove(joined(target.out, name));
  }

  async begin(target: Target, bytes: number, signal: AbortSignal): Promise<Workplace> {
    const scratch = await mkdtemp(join(tmpdir(), `facemirror-s3-${process.pid}-`));
    const video = join(scratch, basename(target.path));
    const out = join(scratch, 'results');
    try {
      const { bavail, bsize } = await statfs(scratch);
      if (bavail * bsize < bytes + KEPT_FREE_BYTES)
        throw new FaceMirrorError(
          'DISK_FULL',
          `There is no room in ${tmpdir()} for ${target.path}: free some, or point TMPDIR elsewhere.`,
        );
      await mkdir(out);
      try {
        await pipeline(await this.#get(target.path, signal), createWriteStream(video, { flags: 'wx' }), { signal });
      } catch (error) {
        throw this.#failure(target.path, error, signal);
      }
    } catch (error) {
      await rm(scratch, { recursive: true, force: true });
      throw error;
    }
    return {
      video,
      out,
      publish: (stop) => this.#publish(target, out, stop),
      close: () => rm(scratch, { recursive: true, force: true }),
    };
  }

  close(): void {
    this.#s3.client.destroy();
  }

  /** The record is the sign that the set is whole: an old one goes first, the new one comes last. */
  async #publish(target: Target, folder: string, signal: AbortSignal): Promise<void> {
    const record = outputName(target.stem, 'record');
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    const made = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
      .filter((name) => name !== record);
    await this.#remove(joined(target.out, record));
    const waiting = [...made];
    const send = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
        await this.#put(joined(target.out, name), join(folder, name), signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    for (const name of await this.#outputsOf(target))
      if (!made.includes(name)) await this.#remove(joined(target.out, name));
    await this.#put(joined(target.out, record), join(folder, record), signal);
  }

  async #put(path: string, file: string, signal: AbortSignal): Promise<void> {
    const { lib, client, bucket } = this.#s3;
    const body = createReadStream(file);
    const upload = new lib.Upload({ client, params: { Bucket: bucket, Key: this.#key(path), Body: body } });
    const stop = (): void => void upload.abort();
    signal.addEventListener('abort', stop);
    try {
      signal.throwIfAborted();
      await upload.done();
    } catch (error) {
      throw this.#failure(path, error, signal);
    } finally {
      signal.removeEventListener('abort', stop);
      body.destroy();
    }
  }

  /** The names of a target's outputs that are there. */
  async #outputsOf({ out, stem }: Target): Promise<ReadonlySet<string>> {
    const names = namesOf(stem);
    const there = (await this.#list(joined(out, stem), out)).map((path) => basename(path));
    return new Set(there.filter((name) => names.has(name)));
  }

  async #videosIn(folder: string): Promise<string[]> {
    const all = await this.#list(folder === '' ? '' : `${folder}/`, folder);
    const names = new Set(all);
    return all.filter((path) => {
      const stem = stemOfOutput(basename(path));
      const isResult = stem !== null && names.has(joined(folder, outputName(stem, 'record')));
      return hasVideoName(basename(path)) && !isResult;
    });
  }

  /** Objects right inside `folder` whose path begins so, by name. */
  async #list(begin: string, folder: string): Promise<string[]> {
    const { sdk, client, bucket, prefix } = this.#s3;
    const above = prefix === '' ? '' : `${prefix}/`;
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#ask(
        () =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket: bucket,
              Prefix: above + begin,
              Delimiter: '/',
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          ),
        folder,
      );
      for (const { Key } of page.Contents ?? [])
        if (Key?.startsWith(above) === true && !Key.endsWith('/')) found.push(Key.slice(above.length));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return found.sort();
  }

  async #record({ out, stem }: Target): Promise<ReturnType<typeof parseRecord>> {
    const path = joined(out, outputName(stem, 'record'));
    if ((await this.#head(path)) === null) return null;
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of (await this.#get(path)) as AsyncIterable<Buffer>) chunks.push(chunk);
      return parseRecord(Buffer.concat(chunks).toString('utf8'));
    } catch (error) {
      throw this.#failure(path, error);
    }
  }

  /** The size of an object; null where there is none. */
  async #head(path: string): Promise<number | null> {
    const { sdk, client, bucket } = this.#s3;
    try {
      const { ContentLength } = await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: this.#key(path) }));
      return ContentLength ?? 0;
    } catch (error) {
      if (isMissing(error)) return null;
      throw this.#failure(path, error);
    }
  }

  async #get(path: string, signal?: AbortSignal): Promise<Readable> {
    const { sdk, client, bucket } = this.#s3;
    const { Body } = await client.send(
      new sdk.GetObjectCommand({ Bucket: bucket, Key: this.#key(path) }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    // In Node.js, the SDK's bodies are streams of Node.js.
    return Body as Readable;
  }

  async #remove(path: string): Promise<void> {
    const { sdk, client, bucket } = this.#s3;
    await this.#ask(() => client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: this.#key(path) })), path);
  }

  async #ask<Answer>(question: () => Promise<Answer>, path: string): Promise<Answer> {
    try {
      return await question();
    } catch (error) {
      throw this.#failure(path, error);
    }
  }

  #key(path: string): string {
    return joined(this.#s3.prefix, checkedRelative(path));
  }

  #below(path: string): string {
    const { prefix } = this.#s3;
    const root = this.shown.replace(/\/+$/, '');
    const given = path.replace(/\/+$/, '');
    if (given === root) return '';
    if (given.startsWith(`${root}/`)) return checkedRelative(given.slice(root.length + 1));
    throw new FaceMirrorError(
      'USAGE',
      `${path} lies outside the root ${this.shown}: with a bucket, paths begin as the root does${prefix === '' ? '' : ', with its prefix'}.`,
    );
  }

  #failure(path: string, cause: unknown, signal?: AbortSignal): FaceMirrorError {
    if (cause instanceof FaceMirrorError) return cause;
    if (signal?.aborted === true) return new FaceMirrorError('CANCELLED', 'Stopped.', { cause });
    const place = `${this.shown}/${path}`;
    if (isMissing(cause)) return new FaceMirrorError('FILE_UNREADABLE', `${place} is not there.`, { cause });
    const text = cause instanceof Error && cause.message === '' ? cause.name : messageOf(cause);
    return new FaceMirrorError('STORAGE_UNREACHABLE', `The storage does not give or take ${place}: ${text}`, { cause });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && ['NotFound', 'NoSuchKey', 'NoSuchBucket'].includes(error.name);
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function namesOf(stem: string): ReadonlySet<string> {
  return new Set(OUTPUT_KINDS.map((kind) => outputName(stem, kind)));
}
