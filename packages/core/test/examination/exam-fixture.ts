import { ACTION_UNITS } from '../../src/action-units/units.js';
import { SIDE_FEATURES, type SideFeature } from '../../src/action-units/features.js';
import { MEASURES, isSided } from '../../src/action-units/measures.js';
import type { ExamCurves, SideCurves } from '../../src/movements/exam-curves.js';
import type { Side } from '../../src/action-units/units.js';

/** A face at rest, in inter-ocular distances. */
const REST: Readonly<Partial<Record<SideFeature, number>>> = {
  browInnerHeight: 0.3,
  browMiddleHeight: 0.34,
  browOuterHeight: 0.3,
  browInnerDistance: 0.2,
  palpebralFissure: 0.16,
  eyeAspectRatio: 0.3,
  alarHeight: -0.6,
  upperLipHeight: -0.9,
  lowerLipHeight: -1.2,
  cornerHeight: -1,
  cornerDistance: 0.4,
  jawLength: 0.9,
};

/** How far a feature of a side is from rest, in seconds of the video. */
export type Motion = (seconds: number, side: Side) => Readonly<Partial<Record<SideFeature, number>>>;

/** Curves of a face that moves as it is told to, with landmark noise. */
export function curvesOf(seconds: number, rate: number, motion: Motion, noise = 0.0015): ExamCurves {
  const frames = Math.round(seconds * rate);
  let state = 7;
  const random = (): number => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return (state / 4294967296 - 0.5) * 2 * noise;
  };
  const time = Float64Array.from({ length: frames }, (_, i) => i / rate);
  const empty = (): Float32Array => new Float32Array(frames).fill(NaN);
  const sideOf = (side: Side): SideCurves => {
    const features = Object.fromEntries(
      SIDE_FEATURES.map((name) => [
        name,
        Float32Array.from(time, (t) => (REST[name] ?? 0) + (motion(t, side)[name] ?? 0) + random()),
      ]),
    ) as SideCurves['features'];
    const measures = Object.fromEntries(
      MEASURES.filter(isSided).map(({ name, value }) => [
        name,
        value.of === 'feature' ? features[value.feature] : empty(),
      ]),
    );
    const units = Object.fromEntries(ACTION_UNITS.map((unit) => [unit, empty()])) as SideCurves['units'];
    return { features, measures, units, staticUnits: units };
  };
  return {
    unit: 'iod',
    unitScale: 'intensity',
    neutral: { start: 0, end: 1, isChosen: false },
    time,
    faces: new Uint8Array(frames).fill(1),
    left: sideOf('left'),
    right: sideOf('right'),
    yaw: new Float32Array(frames),
    pitch: new Float32Array(frames),
    roll: new Float32Array(frames),
    interOcularPixels: new Float32Array(frames).fill(90),
    sharpness: new Float32Array(frames).fill(0.1),
    occluded: new Uint8Array(frames),
  };
}

/** From 0 to 1 and back: comes in 0.4 s, is held and goes in 0.4 s. */
export function held(t: number, from: number, to: number): number {
  const part = Math.min(1, Math.max(0, Math.min((t - from) / 0.4, (to - t) / 0.4)));
  return part * part * (3 - 2 * part);
}
