import type { Side } from 'facemirror-core/action-units/units.js';
import { heightOn, type ExamFace, type ExamSide, type FacePlace } from './exam-face.js';
import type { SideMovements } from './exam-timeline.js';

/** How far the movements go at strength 1, in mm of a face with 63 mm between the middles of the eyes: outward, up. */
export const EXAM_MOTION = {
  RE: { brow: [0, 5] },
  ES: { upperLid: 'on the lower one at strength 1.1' },
  ET: { upperLid: 'on the lower one at strength 1.1', lowerLid: [0, 1], brow: [-1, -2.5], cheek: [0, 2] },
  BS: { corner: [5.5, 5.5], cheek: [0, 2], lipsPart: 5 },
  SO: { corner: [-2, -1], lipsPart: 8, chin: [0, -6] },
  SE: { corner: [5, 0], lipsPart: 2.5 },
  FR: { medialBrow: [-3, -4] },
  WN: { alar: [0.5, 3], upperLip: [0, 2], medialBrow: [-0.5, -2.5] },
  PL: { corner: [-6, 0] },
  coupled: { corner: [5.5, 5.5] },
} as const;

/** Where the colour at a place comes from, and how much of it is the dark of an open mouth (0 to 1). */
export interface Source {
  readonly u: number;
  readonly v: number;
  readonly dark: number;
}

/** A patch of skin that is pushed as one and pulls on its surroundings; all in mm. */
interface Push {
  readonly middle: FacePlace;
  readonly du: number;
  readonly dv: number;
  /** Reach to the picture's left and right, up and down: what moves as one, and what is not moved any more. */
  readonly patch: Reach;
  readonly pull: Reach;
}
type Reach = readonly [left: number, right: number, up: number, down: number];

/** The warp that shows what both sides do. */
export function examWarp(
  face: ExamFace,
  moves: Readonly<Record<Side, SideMovements>>,
): (u: number, v: number) => Source {
  const pushes = [...sidePushes(face, 'right', moves.right), ...sidePushes(face, 'left', moves.left)];
  const closings = (['right', 'left'] as const).flatMap((side) => {
    const { ES, ET, blink } = moves[side];
    const closed = Math.min(1, Math.max(ES, ET) / 1.1 + blink);
    return closed > 0 ? [lidClosing(face[side], closed, ET * EXAM_MOTION.ET.lowerLid[1])] : [];
  });
  const opening = mouthOpening(face, moves);
  return (u, v) => {
    let su = u;
    let sv = v;
    for (const push of pushes) {
      const share = shareOf(push, su - push.middle[0] - push.du, sv - push.middle[1] - push.dv);
      su -= share * push.du;
      sv -= share * push.dv;
    }
    for (const closing of closings) sv = closing(su, sv);
    return opening === null ? { u: su, v: sv, dark: 0 } : opening(su, sv);
  };
}

function sidePushes(face: ExamFace, side: Side, moves: SideMovements): Push[] {
  const points = face[side];
  const out = side === 'left' ? 1 : -1;
  const pushes: Push[] = [];
  /** `inner` and `outer` reaches are towards and away from the midline. */
  const push = (
    middle: FacePlace,
    [outward, up]: readonly [number, number],
    patch: readonly [inner: number, outer: number, up: number, down: number],
    pull: readonly [inner: number, outer: number, up: number, down: number],
  ): void => {
    if (outward === 0 && up === 0) return;
    const turned = ([inner, outer, above, below]: readonly [number, number, number, number]): Reach =>
      side === 'left' ? [inner, outer, above, below] : [outer, inner, above, below];
    pushes.push({ middle, du: out * outward, dv: -up, patch: turned(patch), pull: turned(pull) });
  };
  const sumOf = (
    ...parts: readonly (readonly [strength: number, by: readonly [number, number]])[]
  ): [number, number] => [
    parts.reduce((sum, [strength, by]) => sum + strength * by[0], 0),
    parts.reduce((sum, [strength, by]) => sum + strength * by[1], 0),
  ];

  const us = points.brow.map(([u]) => u);
  const vs = points.brow.map(([, v]) => v);
  const brow: FacePlace = [(Math.min(...us) + Math.max(...us)) / 2, (Math.min(...vs) + Math.max(...vs)) / 2];
  const half = (Math.max(...us) - Math.min(...us)) / 2;
  const tall = (Math.max(...vs) - Math.min(...vs)) / 2;
  const toNasion = Math.abs(face.nasion[0] - brow[0]);
  const toLid = Math.min(...points.upperLid.map(([, v]) => v)) - brow[1];
  push(
    brow,
    sumOf([moves.RE, EXAM_MOTION.RE.brow], [moves.ET, EXAM_MOTION.ET.brow]),
    [half, half, tall + 1, tall + 1],
    [toNasion, half + 16, tall + 26, Math.max(toLid - 1, tall + 9)],
  );
  const inner = points.brow[side === 'left' ? 0 : points.brow.length - 1] ?? brow;
  push(
    inner,
    sumOf([moves.FR, EXAM_MOTION.FR.medialBrow], [moves.WN, EXAM_MOTION.WN.medialBrow]),
    [1, 14, 3, 3],
    [Math.abs(face.nasion[0] - inner[0]) + 4, 30, 22, 11],
  );
  push(points.alar, sumOf([moves.WN, EXAM_MOTION.WN.alar]), [2, 4, 4, 3], [11, 16, 18, 9]);
  push(
    [out * 8 + face.upperLipTop[0], face.upperLipTop[1]],
    sumOf([moves.WN, EXAM_MOTION.WN.upperLip]),
    [5, 7, 1, 3],
    [9, 16, 9, 8],
  );
  push(
    points.cheek,
    sumOf([moves.BS, EXAM_MOTION.BS.cheek], [moves.ET, EXAM_MOTION.ET.cheek]),
    [6, 6, 4, 4],
    [20, 22, 16, 20],
  );
  const toMiddle = Math.abs(points.corner[0] - face.upperLipTop[0]);
  push(
    points.corner,
    sumOf(
      [moves.BS, EXAM_MOTION.BS.corner],
      [moves.SO, EXAM_MOTION.SO.corner],
      [moves.SE, EXAM_MOTION.SE.corner],
      [moves.PL, EXAM_MOTION.PL.corner],
      [moves.coupled, EXAM_MOTION.coupled.corner],
    ),
    [3, 4, 4, 4],
    [Math.min(22, 0.9 * toMiddle + 3), 28, 26, 20],
  );
  return pushes;
}

/** How much of a push a place takes part in, 1 on the patch and 0 beyond the pull. */
function shareOf({ patch, pull }: Push, offsetU: number, offsetV: number): number {
  const h = offsetU < 0 ? 0 : 1;
  const v = offsetV < 0 ? 2 : 3;
  const across = fall(Math.abs(offsetU), patch[h], pull[h]);
  return across === 0 ? 0 : across * fall(Math.abs(offsetV), patch[v], pull[v]);
}

/** From 1 at `start` to 0 at `end`, with no corner at either. */
function fall(distance: number, start: number, end: number): number {
  const t = Math.min(1, Math.max(0, (distance - start) / (end - start)));
  return 1 - t * t * (3 - 2 * t);
}

/** Skin above the upper lid's margin, and below the lower one's, that stretches when the lids close, in mm. */
const LID_SKIN = 7;

/** Lets the lids' skin over the eye, which itself stays where it is. `raised`: mm by which the lower lid comes up. */
function lidClosing(points: ExamSide, closed: number, raised: number): (u: number, v: number) => number {
  const from = points.upperLid[0]?.[0] ?? 0;
  const to = points.upperLid.at(-1)?.[0] ?? 0;
  return (u, v) => {
    if (u <= from || u >= to) return v;
    const upper = heightOn(points.upperLid, u);
    const lower = Math.max(upper, heightOn(points.lowerLid, u));
    const opening = lower - upper;
    const lift = Math.min(raised, 0.5 * opening);
    const edge = lower - lift;
    // A little over the lower margin, so that nothing of the eye shows through closed lids.
    const margin = upper + closed * (edge + 0.4 - upper);
    if (v < margin) return v <= upper - LID_SKIN ? v : stretched(v, upper - LID_SKIN, margin, upper - LID_SKIN, upper);
    if (lift > 0 && v > edge && v < lower + LID_SKIN)
      return stretched(v, edge, lower + LID_SKIN, lower, lower + LID_SKIN);
    return v;
  };
}

/** Brings a stretch onto another. */
function stretched(v: number, from: number, to: number, onto: number, end: number): number {
  return to <= from ? end : onto + ((v - from) * (end - onto)) / (to - from);
}

/** Width about the midline over which one side's opening changes to the other's, in mm. */
const BLEND = 8;
/** Below the chin the neck is pushed together over this length, in mm. */
const NECK = 26;

/** Parts the lips: what was between them stays with the upper lip, and dark comes below it. */
function mouthOpening(
  face: ExamFace,
  moves: Readonly<Record<Side, SideMovements>>,
): ((u: number, v: number) => Source) | null {
  const gapOf = ({ BS, SO, SE }: SideMovements): number =>
    BS * EXAM_MOTION.BS.lipsPart + SO * EXAM_MOTION.SO.lipsPart + SE * EXAM_MOTION.SE.lipsPart;
  const gaps = { right: gapOf(moves.right), left: gapOf(moves.left) };
  const drops = { right: -moves.right.SO * EXAM_MOTION.SO.chin[1], left: -moves.left.SO * EXAM_MOTION.SO.chin[1] };
  if (gaps.right <= 0 && gaps.left <= 0) return null;
  const from = face.upperLip[0]?.[0] ?? 0;
  const to = face.upperLip.at(-1)?.[0] ?? 0;
  const middle = (from + to) / 2;
  const half = (to - from) / 2;
  const blended = (pair: Readonly<Record<Side, number>>, u: number): number => {
    const t = Math.min(1, Math.max(0, (u - face.upperLipTop[0]) / BLEND / 2 + 0.5));
    return pair.right + (pair.left - pair.right) * t * t * (3 - 2 * t);
  };
  return (u, v) => {
    const across = Math.abs(u - middle) / half;
    const drop = blended(drops, u) * fall(Math.abs(u - middle), 14, 40);
    const gap = across >= 1 ? 0 : blended(gaps, u) * (1 - across * across) ** 0.7;
    const upper = heightOn(face.upperLip, u);
    const lower = Math.max(upper, heightOn(face.lowerLip, u));
    if (v <= lower) return { u, v, dark: 0 };
    if (v < lower + gap) return { u, v: lower, dark: Math.min(1, (v - lower) / 0.6, (lower + gap - v) / 0.6) };
    // Below the lip the skin moves less and less from the lip's own way to the chin's, and below the chin to none.
    const chin = Math.max(lower + 4, face.chin[1]);
    if (v < chin + drop) return { u, v: stretched(v, lower + gap, chin + drop, lower, chin), dark: 0 };
    return v < chin + NECK
      ? { u, v: stretched(v, chin + drop, chin + NECK, chin, chin + NECK), dark: 0 }
      : { u, v, dark: 0 };
  };
}
