/**
 * What a page needs for memory that threads share, and what it is allowed to ask for: nothing but its own site. The
 * host may send the same; the service worker adds them where it cannot.
 */
export const SITE_HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; frame-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** An answer with the site's headers. */
export function withSiteHeaders(answer: Response): Response {
  // One of these cannot be made again, and is not shown to the page either.
  if (answer.status === 0 || answer.type === 'opaqueredirect') return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(SITE_HEADERS)) headers.set(name, value);
  const { status, statusText } = answer;
  const hasBody = status !== 204 && status !== 304;
  return new Response(hasBody ? answer.body : null, { status, statusText, headers });
}
