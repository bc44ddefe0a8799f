import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { serializeModel } from 'onnx-lens';
import { writeFileWhole } from 'onnx-lens/internal';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { unreadable } from '../files/unreadable.js';
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  type BuildOptions,
} from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import { randomWeights } from 'facemirror-core/suites/openface3/architectures/weights.js';
import { cacheFolder } from '../models/cache.js';
import { askAbout, download } from '../models/download.js';
import { importNetwork } from '../suites/openface3/imported.js';
import { prepareNetwork } from '../suites/openface3/files.js';
import type { CachedNetwork, InstalledSuite } from '../suites/installed-suite.js';
import type { ModelFile, SuiteManifest } from 'facemirror-core/suites/suite.js';
import { SUITE_NAMES } from 'facemirror-core/suites/suite.js';
import { suiteByName } from '../suites/suites.js';
import { megabytes } from '../wording.js';
import type { DefineCommand } from './command.js';
import { registerExport } from './models-export.js';
import { wholeNumber } from './numbers.js';

const EXAMPLES = `
Examples:
  facemirror models list
  facemirror models pull openface3 --accept-licence     fetch and convert the three official checkpoints
  facemirror models import weights/*                    add your own copies, under any name; also *_coreml.onnx files
  facemirror models build Landmark_98.pkl --out built   an ONNX file from your own checkpoint
  facemirror models build --random-init 1 --out built   the same graphs with made-up weights, for benchmarks
  facemirror models export mediapipe --out packages     Core ML packages for a Mac or iOS app`;

/** `facemirror models`. */
export const define: DefineCommand = (models, context) => {
  models.addHelpText('after', EXAMPLES);
  models.command('list').description('List the networks of each suite and the files that are here.').action(list);
  models
    .command('path')
    .description('Print the folder of the model cache.')
    .action(() => print(cacheFolder()));
  models
    .command('pull')
    .description("Fetch a suite's files.")
    .argument('<suite>', SUITE_NAMES.join(' or '))
    .option('--accept-licence', 'accept the licence that is shown, having read it')
    .option('--from <url>', 'another address that serves files of the same names')
    .action((suite: string, options: PullOptions) => pull(suite, options, context.signal));
  models
    .command('import')
    .description('Add checkpoints or ONNX files of the suite openface3 to the cache, under any file name.')
    .argument('<files...>', 'checkpoints (.pth, .pkl, .safetensors) or ONNX files')
    .action(importFiles);
  models
    .command('build')
    .description('Build ONNX files from checkpoints.')
    .argument('[checkpoints...]', 'checkpoints (.pth, .pkl, .safetensors) of the suite openface3')
    .requiredOption('-o, --out <folder>', 'where the files go')
    .option('--random-init <seed>', 'seed of made-up weights, instead of checkpoints', wholeNumber(0))
    .addOption(new Option('--network <names...>', 'networks to make up (default: all)').choices(ARCHITECTURE_NAMES))
    .option('--batch <number>', 'items to fix the batch to (default: free)', wholeNumber(1))
    .option('--height <pixels>', "height to fix RetinaFace's input to (default: free)", wholeNumber(1))
    .option('--width <pixels>', "width to fix RetinaFace's input to (default: free)", wholeNumber(1))
    .option('--all-outputs', 'keep all that the original networks give, not only what is used here')
    .action(build);
  registerExport(models);
  models.command('verify').description('Check cached files against their checksums.').action(verify);
};

async function list(): Promise<void> {
  for (const name of SUITE_NAMES) {
    const suite = await suiteByName(name);
    const { manifest } = suite;
    print(`${manifest.name}: ${manifest.title}`);
    for (const file of manifest.files) {
      print(`  ${file.name}${file.optional ? ' (optional)' : ''}: ${file.purpose}`);
      print(
        `    ${file.licence}; ${file.origin.kind === 'package' ? `in the package ${file.origin.packageName}` : file.origin.url}`,
      );
    }
    for (const { title, state, source, why } of (await suite.cached()).filter(({ isOptional }) => !isOptional)) {
      const words = state === 'intact' ? `ready (from ${source ?? 'the cache'})` : `${STATES[state]}${reason(why)}`;
      print(`  ${title}: ${words}`);
    }
  }
}

const STATES: Readonly<Record<CachedNetwork['state'], string>> = {
  absent: 'not there',
  intact: 'intact',
  other: 'not the version that this program was checked with',
  damaged: 'damaged',
};

function reason(why: string | undefined): string {
  return why === undefined ? '' : `: ${why}`;
}

interface PullOptions {
  readonly acceptLicence?: boolean;
  readonly from?: string;
}

async function pull(name: string, options: PullOptions, signal: AbortSignal): Promise<void> {
  const suite = await suiteByName(name);
  const { manifest } = suite;
  const files = manifest.files.flatMap((file) =>
    file.origin.kind === 'download'
      ? [
          {
            file,
            url: options.from === undefined ? file.origin.url : `${options.from.replace(/\/$/, '')}/${file.name}`,
          },
        ]
      : [],
  );
  const asked: { file: ModelFile; url: string; sha256: string | null; bytes: number | null }[] = [];
  for (const { file, url } of files) {
    const remote = await askAbout(url, { signal });
    asked.push({ file, url, sha256: file.sha256 ?? remote.sha256, bytes: file.bytes ?? remote.bytes });
    print(`${file.name}: ${file.purpose}`);
    print(`  from    ${url}`);
    print(`  size    ${sizeOf(file.bytes ?? remote.bytes)}`);
    print(`  licence ${file.licence} (${file.licenceUrl})`);
  }
  const present = await suite.present(asked);
  for (const { file } of asked) if (present.has(file)) print(`${file.name}: there already, and intact`);
  const missing = asked.filter(({ file }) => !present.has(file));
  if (missing.length === 0) return;
  requireLicence(manifest, options.acceptLicence === true);
  for (const each of missing) await fetchOne(suite, each, signal);
}

function requireLicence({ licenceToAccept }: SuiteManifest, isAccepted: boolean): void {
  if (licenceToAccept === null || isAccepted) return;
  const { name, url, summary } = licenceToAccept;
  throw new FaceMirrorError(
    'LICENCE_NOT_ACCEPTED',
    `Nothing was fetched: the ${name} allows ${summary}. Read it at ${url}; if it suits your use, run again with --accept-licence.`,
  );
}

async function fetchOne(
  suite: InstalledSuite,
  { file, url, sha256, bytes }: { file: ModelFile; url: string; sha256: string | null; bytes: number | null },
  signal: AbortSignal,
): Promise<void> {
  const path = join(suite.downloadFolder(), file.name);
  const hash = await download({ url, path, sha256, bytes, signal, onProgress: progressOf(file.name) });
  print(`${file.name}: SHA-256 ${hash}${sha256 === null ? ' (none to compare it with is known)' : ', as announced'}`);
  if (suite.adopt !== undefined) print(`  ${await suite.adopt(path)}`);
}

/** A line each tenth; nothing for files that come at once. */
function progressOf(name: string): (done: number, total: number | null) => void {
  let told = 0;
  return (done, total) => {
    if (total === null || total < 10_000_000) return;
    const tenth = Math.floor((10 * done) / total);
    if (tenth > told && tenth < 10) process.stderr.write(`  ${name}: ${megabytes(done)} of ${megabytes(total)}\n`);
    told = tenth;
  };
}

async function importFiles(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const record = await importNetwork(file);
    print(
      `${file}: ${ARCHITECTURES[record.network].title}, from ${record.sourceKind === 'onnx' ? 'an ONNX file' : 'a checkpoint'}; SHA-256 ${record.sourceSha256}`,
    );
  }
}

interface BuildCommandOptions {
  readonly out: string;
  readonly randomInit?: number;
  readonly network?: readonly ArchitectureName[];
  readonly batch?: number;
  readonly height?: number;
  readonly width?: number;
  readonly allOutputs?: boolean;
}

async function build(checkpoints: readonly string[], options: BuildCommandOptions): Promise<void> {
  if ((options.randomInit === undefined) === (checkpoints.length === 0)) {
    throw new FaceMirrorError('USAGE', 'Give either checkpoints to build from, or --random-init with a seed.');
  }
  const { batch, height, width } = options;
  const buildOptions: BuildOptions = {
    outputs: options.allOutputs === true ? 'all' : 'needed',
    ...(batch === undefined ? {} : { batch }),
    ...(height === undefined ? {} : { height }),
    ...(width === undefined ? {} : { width }),
  };
  if (options.randomInit !== undefined) {
    for (const name of options.network ?? ARCHITECTURE_NAMES) {
      const architecture = ARCHITECTURES[name];
      save(
        join(options.out, `${name}.onnx`),
        serializeModel(architecture.build(randomWeights(architecture.tensors(), options.randomInit), buildOptions)),
      );
    }
  }
  for (const path of checkpoints) {
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    const { name, model, kind } = prepareNetwork(bytes, path, buildOptions);
    if (kind === 'onnx') throw new FaceMirrorError('USAGE', `${path} is built already; build takes checkpoints.`);
    save(join(options.out, `${name}.onnx`), serializeModel(model));
  }
}

function save(path: string, bytes: Uint8Array): void {
  writeFileWhole(path, bytes);
  print(`${path}: ${megabytes(bytes.length)}`);
}

async function verify(): Promise<void> {
  let damaged = 0;
  for (const name of SUITE_NAMES) {
    for (const { title, state, isOptional, sha256, why } of await (await suiteByName(name)).cached()) {
      const hash = sha256 === undefined ? '' : `, SHA-256 ${sha256}`;
      print(`${title}: ${STATES[state]}${state === 'absent' && isOptional ? ' (optional)' : ''}${hash}${reason(why)}`);
      if (state === 'damaged') damaged++;
    }
  }
  if (damaged > 0)
    throw new FaceMirrorError(
      'MODEL_CORRUPT',
      `${damaged} of the networks in ${cacheFolder()} ${damaged === 1 ? 'is' : 'are'} damaged. Pull or import ${damaged === 1 ? 'it' : 'them'} again.`,
    );
}

function sizeOf(bytes: number | null): string {
  return bytes === null ? 'not told by the server' : megabytes(bytes);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
