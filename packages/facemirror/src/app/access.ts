import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './app-error.js';

/** What the page may do: only its own files, no inline script, no other origin. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');

/** Reports are single files with their own style; they may load nothing. Only the performance report has scripts. */
export const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";
export const SCRIPTED_REPORT_POLICY = `${REPORT_POLICY}; script-src 'unsafe-inline'; sandbox allow-scripts`;

/** A new secret for one start of the server. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * Lets in only requests that carry this start's token and come from this page. The token comes once in the address and
 * is moved to a cookie at once; requests under another host name (DNS rebinding) or from another origin are refused.
 */
export function guardAccess(app: FastifyInstance, token: string, port: () => number): void {
  const cookie = (): string => `facemirror-${port()}`;
  app.addHook('onRequest', async (request, reply) => {
    setHeaders(reply);
    requireOwnHost(request, port());
    requireOwnOrigin(request, port());
    const given = (request.query as { token?: unknown } | null)?.token;
    if (request.method === 'GET' && typeof given === 'string') {
      if (!isSame(given, token)) throw refused();
      reply.header('set-cookie', `${cookie()}=${token}; Path=/; HttpOnly; SameSite=Strict`);
      return reply.redirect(withoutToken(request.url), 303);
    }
    const kept = cookieOf(request.headers.cookie, cookie());
    if (kept === null || !isSame(kept, token)) throw refused();
    return undefined;
  });
}

function setHeaders(reply: FastifyReply): void {
  reply.headers({
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
    'cache-control': 'no-store',
  });
}

function requireOwnHost({ headers }: FastifyRequest, port: number): void {
  const host = headers.host ?? '';
  if (!LOOPBACK_NAMES.some((name) => host === `${name}:${port}`))
    throw new AppError(403, 'FOREIGN_HOST', 'Face Mirror answers only under the address that it printed at its start.');
}

function requireOwnOrigin({ headers }: FastifyRequest, port: number): void {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  const isForeign = origin !== undefined && !LOOPBACK_NAMES.some((name) => origin === `http://${name}:${port}`);
  if (isForeign || site === 'cross-site' || site === 'same-site')
    throw new AppError(403, 'FOREIGN_ORIGIN', 'Another page asked for this. Face Mirror answers only its own page.');
}

/** Names that reach this machine alone. */
export const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'] as const;

function refused(): AppError {
  return new AppError(401, 'NO_TOKEN', 'Open the address that "facemirror app" printed when it started.');
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function cookieOf(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name && value !== undefined) return value;
  }
  return null;
}

function withoutToken(url: string): string {
  const parsed = new URL(url, 'http://localhost');
  parsed.searchParams.delete('token');
  return `${parsed.pathname}${parsed.search}`;
}
