import { useCallback, useEffect, useState } from 'react';

/** Something that is fetched: under way, there, or failed with an error to show. */
export type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Loads when the component appears and whenever `key` changes. What is there stays visible while it is loaded again.
 * @returns the state, and a function that loads again.
 */
export function useLoaded<T>(key: string, load: () => Promise<T>): [Loaded<T>, () => void] {
  const [state, setState] = useState<{ readonly key: string; readonly loaded: Loaded<T> }>({
    key,
    loaded: { kind: 'loading' },
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    load().then(
      (value) => isCurrent && setState({ key, loaded: { kind: 'ready', value } }),
      (error: unknown) => isCurrent && setState({ key, loaded: { kind: 'failed', error } }),
    );
    return () => {
      isCurrent = false;
    };
    // `load` is another function each time; `key` says when it would load something else.
  }, [key, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  return [state.key === key ? state.loaded : { kind: 'loading' }, again];
}
