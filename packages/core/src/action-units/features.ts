import { mean, toDegrees } from '../arithmetic.js';
import type { Camera, FaceObservation, Landmarks, MirroredFaces, PictureHalf } from '../face/observation.js';
import { byName } from './by-name.js';
import { toHeadFrame, type HeadFrameFace, type HeadPoint } from './head-frame.js';
import { mirroredHalves, type MirroredHalf } from './mirrored-half.js';
import type { Side } from './units.js';

/**
 * What the formulas and measures need of one half of a face, lengths in the frontal view and angles in degrees. Heights
 * are positive upwards, distances positive away from the midline. "Eye line": the height of the middle between this
 * eye's two corners. NaN where the landmarks do not have the point.
 */
export const SIDE_FEATURES = [
  /** Medial, middle and outer brow above the eye line. */
  'browInnerHeight',
  'browMiddleHeight',
  'browOuterHeight',
  /** Medial end of the brow from the midline. */
  'browInnerDistance',
  /** Opening between the lids, mean of three places along them. */
  'palpebralFissure',
  /** Opening over the eye's width. */
  'eyeAspectRatio',
  /** Lid margins above the eye line (the lower one is negative). */
  'upperLidHeight',
  'lowerLidHeight',
  /** Cheek's highest bulge and the nose's wing above the eye line. */
  'cheekHeight',
  'alarHeight',
  /** Lips above the line between both eyes (all negative). */
  'upperLipHeight',
  'lowerLipHeight',
  'cornerHeight',
  'cornerDistance',
  /** Opening between the lips' inner edges, mean of the middle and this side. */
  'lipGap',
  /** From the nose's base down to the chin; one jaw, so the same on both sides. */
  'jawLength',
  /**
   * From the middle of the lower lip's border to the mouth's corner, and that line's angle from straight down (90:
   * level).
   */
  'commissureExcursion',
  'smileAngle',
  /** The upper lip's middle from the midline, positive to this side. */
  'philtrumDeviation',
  /**
   * The pupil's centre below the upper lid's margin and above the lower one's, at the lids' middle; negative when
   * covered.
   */
  'upperMarginDistance',
  'lowerMarginDistance',
  /** Areas between the lids, and between the lips' inner edges on this side of the midline. */
  'eyeArea',
  'innerLipArea',
  /** From the inner corner of the eye to the corner of the mouth, seen from the front. */
  'canthusToCommissure',
] as const;
/** Name of a feature. */
export type SideFeature = (typeof SIDE_FEATURES)[number];
/** The features of one half of a face. */
export type SideFeatures = Readonly<Record<SideFeature, number>>;

/** Gives every feature a value. */
export function sideFeaturesOf(valueOf: (name: SideFeature, place: number) => number): SideFeatures {
  return byName(SIDE_FEATURES, valueOf);
}

/** Both halves of a face. Lengths are in the unit of {@link HeadFrameFace}, until {@link inInterOculars} changes it. */
export interface FaceFeatures {
  readonly left: SideFeatures;
  readonly right: SideFeatures;
  /** NaN without iris landmarks. */
  readonly irisDiameter: number;
  /** Between the middles of the two eyes. */
  readonly interOcular: number;
}

/** Features that are no lengths: by which power of a length they grow. */
const POWERS: Readonly<Partial<Record<SideFeature, number>>> = {
  eyeAspectRatio: 0,
  smileAngle: 0,
  eyeArea: 2,
  innerLipArea: 2,
};

/**
 * A face's features with lengths in inter-ocular distances.
 * @param interOcular that distance in the features' own unit; the subject's at rest, so that no expression changes the
 *   ruler
 */
export function inInterOculars(features: FaceFeatures, interOcular: number): FaceFeatures {
  const side = (of: SideFeatures): SideFeatures =>
    sideFeaturesOf((name) => of[name] / interOcular ** (POWERS[name] ?? 1));
  return {
    left: side(features.left),
    right: side(features.right),
    irisDiameter: features.irisDiameter / interOcular,
    interOcular: features.interOcular / interOcular,
  };
}

/**
 * Measures a face's landmarks.
 *
 * @param camera `mirrored` when the video shows the face as a mirror does: then the image's left is the patient's left.
 * @returns null when the landmarks are no face at all.
 */
export function faceFeatures(landmarks: Landmarks, camera: Camera): FaceFeatures | null {
  const face = toHeadFrame(landmarks);
  if (face === null) return null;
  return bothSides(face, camera, (side) => sideFeatures({ points: face.sides[side], medial: face.medial }, side));
}

/** A whole face, and the mirrored faces of its halves. */
export interface MirroredObservation {
  readonly whole: FaceObservation;
  readonly mirrored: MirroredFaces;
}

/**
 * Measures each half on its own mirrored face. Of the whole face come the pose, the scale, the jaw and where the upper
 * lip's middle lies, which a mirrored face cannot tell.
 *
 * @returns null when the whole face is none; a half without a mirrored face has NaN for all that is measured on it.
 */
export function mirroredFeatures({ whole, mirrored }: MirroredObservation, camera: Camera): FaceFeatures | null {
  const face = toHeadFrame(whole.landmarks);
  if (face === null) return null;
  const landmarksOf = (half: PictureHalf): Landmarks | null => mirrored[half]?.landmarks ?? null;
  // An unmirrored camera shows the patient's left on the right.
  const seen = { left: landmarksOf('right'), right: landmarksOf('left') };
  const halves = mirroredHalves(whole.landmarks, seen, face.unitPixels);
  const features = bothSides(face, camera, (side) => {
    const ofWhole = sideFeatures({ points: face.sides[side], medial: face.medial }, side);
    const half = halves?.[side] ?? null;
    const own = half === null ? sideFeaturesOf(() => NaN) : sideFeatures(half, side);
    return { ...own, jawLength: ofWhole.jawLength, philtrumDeviation: ofWhole.philtrumDeviation };
  });
  // The ruler is of the same faces as what it measures: a video and its mirror image then give the same lengths.
  return { ...features, interOcular: halves?.interOcular ?? face.interOcular };
}

/** @param featuresOf the features of a side as an unmirrored camera sees it */
function bothSides(face: HeadFrameFace, camera: Camera, featuresOf: (side: Side) => SideFeatures): FaceFeatures {
  return {
    left: featuresOf(camera === 'normal' ? 'left' : 'right'),
    right: featuresOf(camera === 'normal' ? 'right' : 'left'),
    irisDiameter: face.irisDiameter ?? NaN,
    interOcular: face.interOcular,
  };
}

/** `side` as an unmirrored camera sees it. */
function sideFeatures({ points, medial }: MirroredHalf, side: Side): SideFeatures {
  const outward = side === 'left' ? 1 : -1;
  const eyeLine = mean([heightOf(points.eyeInner), heightOf(points.eyeOuter)]);
  const eyeWidth = distance(points.eyeInner, points.eyeOuter);
  const upperLid = mean([
    heightOf(points.upperLidNasal),
    heightOf(points.upperLidMiddle),
    heightOf(points.upperLidTemporal),
  ]);
  const lowerLid = mean([
    heightOf(points.lowerLidNasal),
    heightOf(points.lowerLidMiddle),
    heightOf(points.lowerLidTemporal),
  ]);
  const fissure = mean([
    distance(points.upperLidNasal, points.lowerLidNasal),
    distance(points.upperLidMiddle, points.lowerLidMiddle),
    distance(points.upperLidTemporal, points.lowerLidTemporal),
  ]);
  const corner = points.mouthCorner;
  const lipMiddle = medial.lowerLipBorder;
  return {
    browInnerHeight: heightOf(points.browInner) - eyeLine,
    browMiddleHeight: heightOf(points.browMiddle) - eyeLine,
    browOuterHeight: heightOf(points.browOuter) - eyeLine,
    browInnerDistance: outward * xOf(points.browInner),
    palpebralFissure: fissure,
    eyeAspectRatio: fissure / eyeWidth,
    upperLidHeight: upperLid - eyeLine,
    lowerLidHeight: lowerLid - eyeLine,
    cheekHeight: heightOf(points.cheek) - eyeLine,
    alarHeight: heightOf(points.alar) - eyeLine,
    upperLipHeight: heightOf(points.upperLipPeak),
    lowerLipHeight: heightOf(points.lowerLipBorder),
    cornerHeight: heightOf(corner),
    cornerDistance: outward * xOf(corner),
    lipGap: mean([
      medial.upperLipInside.y - medial.lowerLipInside.y,
      heightOf(points.upperLipInside) - heightOf(points.lowerLipInside),
    ]),
    jawLength: medial.subnasale.y - medial.chin.y,
    commissureExcursion: distance(corner, lipMiddle),
    smileAngle: toDegrees(Math.atan2(outward * (xOf(corner) - lipMiddle.x), lipMiddle.y - heightOf(corner))),
    philtrumDeviation: outward * medial.philtrum.x,
    upperMarginDistance: heightOf(points.upperLidMiddle) - heightOf(points.pupil),
    lowerMarginDistance: heightOf(points.pupil) - heightOf(points.lowerLidMiddle),
    eyeArea: area([
      points.eyeInner,
      points.upperLidNasal,
      points.upperLidMiddle,
      points.upperLidTemporal,
      points.eyeOuter,
      points.lowerLidTemporal,
      points.lowerLidMiddle,
      points.lowerLidNasal,
    ]),
    innerLipArea: area([
      medial.upperLipInside,
      points.upperLipInside,
      corner,
      points.lowerLipInside,
      medial.lowerLipInside,
    ]),
    canthusToCommissure: Math.hypot(xOf(points.eyeInner) - xOf(corner), heightOf(points.eyeInner) - heightOf(corner)),
  };
}

/** The area of a polygon seen from the front, by the shoelace formula. */
function area(corners: readonly (HeadPoint | null)[]): number {
  let twice = 0;
  for (let i = 0; i < corners.length; i++) {
    const here = corners[i] ?? null;
    const next = corners[(i + 1) % corners.length] ?? null;
    twice += xOf(here) * heightOf(next) - xOf(next) * heightOf(here);
  }
  return Math.abs(twice) / 2;
}

function heightOf(point: HeadPoint | null): number {
  return point?.y ?? NaN;
}

function xOf(point: HeadPoint | null): number {
  return point?.x ?? NaN;
}

function distance(a: HeadPoint | null, b: HeadPoint | null): number {
  return a === null || b === null ? NaN : Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
}
