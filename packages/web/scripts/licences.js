import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
/** What the site holds of other people's work. */
const PACKAGES = [
  '@mediapipe/face_mesh',
  '@mediapipe/face_detection',
  'onnxruntime-web',
  'mediabunny',
  'client-zip',
  'react',
  'react-dom',
  'uplot',
];
const APACHE =
  'The networks in networks/ are converted from the files of the MediaPipe packages below, under the Apache License 2.0.';

/** Writes whose work is in the site, and under which licences. */
export function writeLicences(path) {
  const parts = PACKAGES.map((name) => {
    const folder = folderOf(name);
    const { version, license, homepage } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `## ${name} ${version} (${license})\n${homepage ?? ''}\n\n${text}`;
  });
  const apache = readFileSync(join(folderOf('typescript'), 'LICENSE.txt'), 'utf8').trim();
  writeFileSync(path, [APACHE, ...parts, `## Apache License 2.0\n\n${apache}`].join('\n\n') + '\n');
}

/** A package's folder; some do not let their package.json be resolved. */
function folderOf(name) {
  for (const root of require.resolve.paths(name) ?? []) {
    const folder = join(root, name);
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return dirname(require.resolve(`${name}/package.json`));
}
