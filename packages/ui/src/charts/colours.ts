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
