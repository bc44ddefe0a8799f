/** Builds the site: networks converted to ONNX, the demo clip, the page, its service worker, and a README for hosts. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { build } from 'vite';
import { writeDemo } from '../../facemirror/dist/demo/write-demo.js';
import { writeLicences } from './licences.js';
import { writeNetworks } from './networks.js';

const home = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(home, 'site');
/** Files that the page does not need to run: they are not fetched on the first visit. */
const NOT_KEPT = new Set(['README.md', 'service-worker.js', '_headers']);

await build({ root: home, logLevel: 'warn' });
await writeNetworks(join(site, 'networks'), optionAfter('--models'));
mkdirSync(join(site, 'demo'));
const demo = await writeDemo(join(site, 'demo'), new AbortController().signal);
rmSync(demo.truth);
writeLicences(join(site, 'LICENCES.txt'));
cpSync(join(home, 'hosting.md'), join(site, 'README.md'));
cpSync(join(home, 'hosting-headers'), join(site, '_headers'));
await writeServiceWorker();

/** Its own text names all files by a hash of their content: a site with other files has another service worker. */
async function writeServiceWorker() {
  const files = readdirSync(site, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(site.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((name) => !NOT_KEPT.has(name))
    .sort();
  const hash = createHash('sha256');
  for (const name of files) hash.update(name).update(readFileSync(join(site, name)));
  await bundle({
    entryPoints: [join(home, 'src/service-worker/service-worker.ts')],
    outfile: join(site, 'service-worker.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    define: { SITE_VERSION: JSON.stringify(hash.digest('hex').slice(0, 16)), SITE_FILES: JSON.stringify(files) },
  });
}

function optionAfter(flag) {
  const place = process.argv.indexOf(flag);
  return place < 0 ? undefined : process.argv[place + 1];
}
