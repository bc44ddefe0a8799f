import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { DataType, GraphBuilder, serializeModel } from 'onnx-lens';
import { describe, expect, it } from 'vitest';
import { work, type Given } from './work.js';

const KNOWN_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const chromiumPath = [process.env['CHROMIUM_PATH'] ?? '', ...KNOWN_PATHS].find(
  (path) => path !== '' && existsSync(path),
);

const kernel = (folder: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../../core/dist/${folder}/kernels.wasm`, import.meta.url)));

function given(): Given {
  const { points } = JSON.parse(
    readFileSync(new URL('../../../core/test/action-units/portrait-landmarks.json', import.meta.url), 'utf8'),
  ) as { points: number[] };
  return { kernels: { frames: kernel('frames'), mirror: kernel('mirror') }, landmarks: points, model: model() };
}

async function bundled(
  entries: readonly string[],
): Promise<{ readonly code: string; readonly inputs: readonly string[] }> {
  const { outputFiles, metafile, warnings } = await build({
    entryPoints: entries.map((entry) => fileURLToPath(new URL(entry, import.meta.url))),
    outdir: 'nowhere',
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'neutral',
    platform: 'browser',
    external: [],
    metafile: true,
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
  for (const { imports } of Object.values(metafile.inputs))
    // esbuild's own helpers count as an import of '<runtime>'.
    expect(imports.filter(({ external, path }) => external === true && path !== '<runtime>')).toEqual([]);
  return { code: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
}

/** Two convolutions with an operator between them that Core ML does not take. */
function model(): Uint8Array {
  const graph = new GraphBuilder('two parts');
  const weights = graph.floats(
    [4, 3, 3, 3],
    Array.from({ length: 108 }, (_, place) => (place % 7) / 7),
  );
  const shape = [1, 4, 16, 16];
  const x = graph.input('x', DataType.FLOAT, [1, 3, 18, 18]);
  const first = graph.node('Conv', [x, weights], {}, { outputs: ['first'] });
  const odd = graph.node('Mish', [first], {}, { outputs: ['odd'] });
  graph.output(graph.node('Relu', [odd], {}, { outputs: ['y'] }), DataType.FLOAT, shape);
  const built = graph.toModel({ opset: 18 });
  // Shapes between the nodes, as ONNX Runtime writes them.
  const between = new GraphBuilder('between');
  for (const name of ['first', 'odd']) between.output(name, DataType.FLOAT, shape);
  built.graph?.valueInfo.push(...between.toGraph().output);
  return serializeModel(built);
}

describe('core and onnx-lens/graph', () => {
  it('are bundled for a browser without anything of Node', async () => {
    const core = readdirSync(new URL('../../../core/dist', import.meta.url), { recursive: true, encoding: 'utf8' });
    const modules = core.filter((name) => name.endsWith('.js')).map((name) => `../../../core/dist/${name}`);
    expect(modules.length).toBeGreaterThan(50);
    const { inputs } = await bundled([...modules, '../../../onnx-lens/dist/graph.js']);
    expect(inputs.filter((path) => /node-av|onnxruntime|\(disabled\)/.test(path))).toEqual([]);
  });

  it.skipIf(chromiumPath === undefined)(
    `give the same bytes in Chromium as in Node${chromiumPath === undefined ? ' (skipped: no Chromium found, set CHROMIUM_PATH)' : ''}`,
    async () => {
      const { code } = await bundled(['./work.ts']);
      // Memory that threads share is only there for pages that are isolated from others.
      const server = createServer((_, response) => {
        response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
        response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end('<!doctype html><title>neutral</title>');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });
      try {
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        await page.addScriptTag({ content: code });
        const { kernels, landmarks, model: bytes } = given();
        const there = await page.evaluate(
          async ({ frames, mirror, points, graph }) => {
            const { neutral } = globalThis as unknown as {
              neutral: { work(given: unknown): Promise<Record<string, string>> };
            };
            return neutral.work({
              kernels: { frames: new Uint8Array(frames), mirror: new Uint8Array(mirror) },
              landmarks: points,
              model: new Uint8Array(graph),
            });
          },
          { frames: [...kernels.frames], mirror: [...kernels.mirror], points: [...landmarks], graph: [...bytes] },
        );
        const here = await work(given());
        expect(there).toEqual(here);
        expect(here['left']).not.toBe(here['right']);
        expect(here['partitions']).toBe('2');
      } finally {
        await browser.close();
        server.close();
      }
    },
  );
});
