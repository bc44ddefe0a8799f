import { useSyncExternalStore } from 'react';
import type { ScreenName } from '../backend/backend.js';

const SCREENS: readonly ScreenName[] = [
  'start',
  'queue',
  'review',
  'compare',
  'report',
  'performance',
  'models',
  'lens',
];

/** Where the page is: a screen, and the video that it is about. */
export interface Route {
  readonly screen: ScreenName;
  /** Id of a video, or null. */
  readonly video: string | null;
}

/**
 * The route that an address's fragment names, such as `#/review/s1%2Fv1%2Fsmile`; the start screen for anything else.
 */
export function routeOf(fragment: string): Route {
  const [, name = '', video] = fragment.split('/');
  const screen = SCREENS.find((each) => each === name) ?? 'start';
  return { screen, video: video === undefined || video === '' ? null : decoded(video) };
}

/** The fragment for a route. */
export function addressOf(screen: ScreenName, video?: string | null): string {
  return video === undefined || video === null ? `#/${screen}` : `#/${screen}/${encodeURIComponent(video)}`;
}

export function goTo(screen: ScreenName, video?: string | null): void {
  window.location.hash = addressOf(screen, video);
}

/** The current route; the component is drawn again when it changes. */
export function useRoute(): Route {
  const fragment = useSyncExternalStore(subscribe, () => window.location.hash);
  return routeOf(fragment);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener('hashchange', onChange);
  return () => window.removeEventListener('hashchange', onChange);
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
