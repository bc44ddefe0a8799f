import { BackendError } from '../backend/backend.js';

/** Asks the server and reads its JSON. @throws BackendError with the server's own sentence. */
export async function requestJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (error) {
    throw new BackendError('UNREACHABLE', 'Face Mirror does not answer: is "facemirror app" still running?', {
      cause: error,
    });
  }
  if (!response.ok) throw await failureOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Sends a value as JSON. */
export function sendJson<T>(method: 'POST' | 'PUT' | 'PATCH', path: string, body: unknown): Promise<T> {
  return requestJson<T>(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Sends a file as the body, with progress: `fetch` has none for uploads. */
export function sendFile<T>(
  path: string,
  file: Blob,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
      else reject(failureFrom(request.status, request.responseText));
    };
    request.onerror = () =>
      reject(new BackendError('UNREACHABLE', 'The transfer broke off: is "facemirror app" still running?'));
    request.onabort = () => reject(new BackendError('CANCELLED', 'The transfer was stopped.'));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

async function failureOf(response: Response): Promise<BackendError> {
  return failureFrom(response.status, await response.text());
}

function failureFrom(status: number, text: string): BackendError {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'code' in value && 'message' in value)
      return new BackendError(String(value.code), String(value.message));
  } catch {
    // Not the server's own answer: a proxy's page, or nothing.
  }
  return new BackendError('UNEXPECTED_ANSWER', `The server answered with status ${status}.`);
}
