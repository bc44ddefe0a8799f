/** The size with square pixels: the side that is too short is stretched, to an even number of pixels. */
export function squareSize(width: number, height: number, pixelAspect: number): { width: number; height: number } {
  const even = (value: number): number => Math.max(2, 2 * Math.round(value / 2));
  if (pixelAspect > 1) return { width: even(width * pixelAspect), height };
  if (pixelAspect < 1) return { width, height: even(height / pixelAspect) };
  return { width, height };
}
