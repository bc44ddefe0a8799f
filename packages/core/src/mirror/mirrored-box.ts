import type { Side } from '../action-units/units.js';
import type { Midline } from '../face/midline.js';
import type { Box, Camera, Point } from '../face/observation.js';
import { normalTowards } from './mirror-frame.js';

/**
 * Where the face lies in the frame that `mirrorFrame` makes of the patient's `side`: the upright box about the part of
 * the face's box on that side of the midline and that part's mirror image. A box that has no such part stays as it is.
 */
export function mirroredBox(box: Box, line: Midline, side: Side, camera: Camera = 'normal'): Box {
  const normal = normalTowards(side, line, camera);
  const heightOver = ({ x, y }: Point): number => (x - line.glabella.x) * normal.x + (y - line.glabella.y) * normal.y;
  const corners = [
    { x: box.x, y: box.y },
    { x: box.x + box.width, y: box.y },
    { x: box.x + box.width, y: box.y + box.height },
    { x: box.x, y: box.y + box.height },
  ];
  const kept = corners.flatMap((corner, place): Point[] => {
    const next = corners[(place + 1) % corners.length] ?? corner;
    const [here, there] = [heightOver(corner), heightOver(next)];
    const cut = here / (here - there);
    const crossing =
      here * there < 0 ? [{ x: corner.x + (next.x - corner.x) * cut, y: corner.y + (next.y - corner.y) * cut }] : [];
    return here >= 0 ? [corner, ...crossing] : crossing;
  });
  if (kept.length < 3) return box;
  const images = kept.map((point) => {
    const height = heightOver(point);
    return { x: point.x - 2 * height * normal.x, y: point.y - 2 * height * normal.y };
  });
  const all = [...kept, ...images];
  const left = Math.min(...all.map(({ x }) => x));
  const top = Math.min(...all.map(({ y }) => y));
  return {
    x: left,
    y: top,
    width: Math.max(...all.map(({ x }) => x)) - left,
    height: Math.max(...all.map(({ y }) => y)) - top,
  };
}
