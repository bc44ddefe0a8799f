import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';

const SCRIPT = 'service-worker.js';
const RELOADED = 'facemirror-reloaded';

/**
 * Puts the page under its service worker, which keeps the site for use without a network, hands out stored files, and
 * sets the headers that shared memory needs where the host does not.
 * @returns false when the page is being reloaded.
 * @throws FaceMirrorError BROWSER_UNFIT when that does not help.
 */
export async function underServiceWorker(): Promise<boolean> {
  try {
    await navigator.serviceWorker.register(SCRIPT, { scope: './', updateViaCache: 'none' });
    await navigator.serviceWorker.ready;
    await controller();
  } catch (error) {
    throw new FaceMirrorError(
      'BROWSER_UNFIT',
      `The page's service worker could not start (${messageOf(error)}): leave private browsing, or allow this site to store data.`,
      { cause: error },
    );
  }
  if (crossOriginIsolated) {
    sessionStorage.removeItem(RELOADED);
    return true;
  }
  if (sessionStorage.getItem(RELOADED) !== null)
    throw new FaceMirrorError(
      'BROWSER_UNFIT',
      'This browser does not give the page memory that threads share (it is not cross-origin isolated): use a current Chrome, Edge, Firefox or Safari, or let the host send the headers that the README of this site names.',
    );
  sessionStorage.setItem(RELOADED, 'yes');
  location.reload();
  return false;
}

/** Resolves when a service worker answers for this page. */
function controller(): Promise<void> {
  if (navigator.serviceWorker.controller !== null) return Promise.resolve();
  return new Promise((resolve) =>
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true }),
  );
}
