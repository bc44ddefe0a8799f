/** Serves the built site on this computer. The headers are those that a host should send. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.mp4': 'video/mp4',
};
/** What is compressed already. */
const UNCOMPRESSED = new Set(['.mp4', '.png']);

/**
 * A server for a folder.
 * @param withHeaders false serves as a plain host does, without the headers that isolate the page.
 */
export function siteServer(folder, { withHeaders = true } = {}) {
  const headers = withHeaders ? headersFrom(join(folder, '_headers')) : {};
  return createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path));
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end('There is no such file.');
      return;
    }
    const type = extname(file);
    const isCompressed = !UNCOMPRESSED.has(type) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[type] ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
      ...(isCompressed ? { 'Content-Encoding': 'gzip' } : { 'Content-Length': statSync(file).size }),
    });
    const content = createReadStream(file);
    if (isCompressed) content.pipe(createGzip()).pipe(response);
    else content.pipe(response);
  });
}

/** The headers in the form that several hosts read: names and values, indented, below a pattern. */
function headersFrom(path) {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\s+\S/.test(line));
  return Object.fromEntries(lines.map((line) => line.trim().split(/:\s*(.*)/s, 2)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.env.PORT ?? 8080);
  const site = join(dirname(dirname(fileURLToPath(import.meta.url))), 'site');
  siteServer(site).listen(port, '127.0.0.1', () => {
    process.stdout.write(`Face Mirror is at http://localhost:${port}/ until you press Ctrl-C.\n`);
  });
}
