import { useSyncExternalStore } from 'react';

/** The colours of the page that curves are drawn in, as they are now (light or dark). */
export function chartColours(): Readonly<Record<'left' | 'right' | 'text' | 'grid' | 'cursor' | 'excluded', string>> {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    left: colour('--left'),
    right: colour('--right'),
    text: colour('--muted'),
    grid: colour('--line'),
    cursor: colour('--accent'),
    excluded: colour('--excluded'),
  };
}

/** Changes whenever the page's colours do, so that what is drawn in them can be drawn again. */
export function useColourScheme(): string {
  return useSyncExternalStore(
    watchColours,
    () => `${document.documentElement.dataset['theme'] ?? 'system'} ${dark().matches}`,
  );
}

function dark(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)');
}

function watchColours(changed: () => void): () => void {
  const query = dark();
  query.addEventListener('change', changed);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    query.removeEventListener('change', changed);
    observer.disconnect();
  };
}
