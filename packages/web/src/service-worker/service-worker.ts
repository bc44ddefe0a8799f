/** Keeps the site for use without a network, and hands out what the browser has stored. Built apart from the page. */
import { storedAddress } from '../backend/addresses.js';
import { withSiteHeaders } from './site-headers.js';
import { storedFile, zipOf } from './stored-answers.js';

/** What a service worker has beside what pages have. */
interface ServiceWorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  addEventListener(kind: 'install' | 'activate', listener: (event: LifeEvent) => void): void;
  addEventListener(kind: 'fetch', listener: (event: FetchEvent) => void): void;
}
interface LifeEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends LifeEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const scope = globalThis as unknown as ServiceWorkerScope;
const site = scope.registration.scope;
const CACHE_PREFIX = 'facemirror-site-';
const CACHE = `${CACHE_PREFIX}${SITE_VERSION}`;

async function keepSite(): Promise<void> {
  const cache = await caches.open(CACHE);
  // From the network, not from the browser's own cache, which may hold files of another version.
  await cache.addAll(SITE_FILES.map((name) => new Request(new URL(name, site), { cache: 'reload' })));
}

async function forgetOtherVersions(): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith(CACHE_PREFIX) && name !== CACHE) await caches.delete(name);
  await scope.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  if (origin !== new URL(site).origin) return Response.error();
  const stored = storedAddress(site, request.url);
  if (stored?.kind === 'zip') return zipOf(stored.place);
  if (stored?.kind === 'file') return storedFile(stored, request.headers.get('range'));
  const cache = await caches.open(CACHE);
  const isPage = request.mode === 'navigate' && pathname === new URL(site).pathname;
  const kept = await cache.match(isPage ? new URL('index.html', site) : request, { ignoreSearch: isPage });
  return withSiteHeaders(kept ?? (await fetch(request)));
}

scope.addEventListener('install', (event) => event.waitUntil(keepSite()));
scope.addEventListener('activate', (event) => event.waitUntil(forgetOtherVersions()));
scope.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET') event.respondWith(answer(event.request));
});
