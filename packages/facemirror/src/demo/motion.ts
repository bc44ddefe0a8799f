import type { Movements } from './warp.js';

/** Frames a second, and how many: nine and a half seconds. */
export const DEMO_RATE = 30;
export const DEMO_FRAMES = 285;

/** One known movement: it comes, is held and goes, in seconds of the video. */
export interface DemoEvent {
  readonly movement: keyof Movements;
  readonly start: number;
  readonly end: number;
}

/** Everything that the face does. Until 2 s it is at rest. */
export const DEMO_EVENTS: readonly DemoEvent[] = [
  { movement: 'smileRight', start: 2, end: 3.6 },
  { movement: 'blink', start: 4.8, end: 5.2 },
  { movement: 'browRaise', start: 5.8, end: 6.7 },
  { movement: 'browRaise', start: 6.9, end: 7.8 },
  { movement: 'browRaise', start: 8.0, end: 8.9 },
];

/** Part of an event in which a movement comes, and in which it goes. */
const RAMP = 0.35;

/** How strong each movement is at a time, 0 to 1. */
export function movementsAt(seconds: number): Movements {
  const strongest = (movement: keyof Movements): number =>
    Math.max(
      0,
      ...DEMO_EVENTS.filter((event) => event.movement === movement).map((event) => intensityOf(event, seconds)),
    );
  return { smileRight: strongest('smileRight'), blink: strongest('blink'), browRaise: strongest('browRaise') };
}

function intensityOf({ start, end }: DemoEvent, seconds: number): number {
  const part = (seconds - start) / (end - start);
  const edge = Math.min(part, 1 - part) / RAMP;
  const t = Math.min(1, Math.max(0, edge));
  return t * t * (3 - 2 * t);
}

/**
 * How the head sways in the picture: shifted by pixels of the frame, turned by degrees (clockwise as seen) about the
 * face's middle.
 */
export interface Sway {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
}

/** The sway at a time. */
export function swayAt(seconds: number): Sway {
  const turn = 2 * Math.PI * seconds;
  return { x: 12 * Math.sin(turn / 5.3), y: 5 * Math.sin(turn / 3.7), angle: 4 * Math.sin(turn / 4.5) };
}
