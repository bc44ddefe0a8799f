import type { Side } from 'facemirror-core/action-units/units.js';
import type { MovementCode } from 'facemirror-core/movements/codes.js';

/**
 * What the exam clip shows: everything the same on both sides, a weak left side, or a left mouth that moves with the
 * eyes.
 */
export const EXAM_VARIANTS = ['healthy', 'weak-left', 'coupled-left'] as const;
export type ExamVariant = (typeof EXAM_VARIANTS)[number];

/** Part of the motion that a weak left side keeps. */
export const WEAK_PART = 0.3;
/** Commissure travel of the coupled side while the eyes close, over that of a smile of the same strength. */
export const COUPLING = 0.5;

/** The movements of the examination, in order; each is made three times. */
export const EXAM_CODES = ['RE', 'ES', 'ET', 'BS', 'SO', 'SE', 'FR', 'WN', 'PL'] as const;
export type ExamCode = (typeof EXAM_CODES)[number] & MovementCode;

/** Strengths of the three repeats: 10 % apart. Lids cannot close further than wholly, which the last repeat does. */
export const REPEATS = [0.9, 1, 1.1] as const;

/** Seconds. */
const FIRST_REST = 2.5;
const RAMP = 0.4;
const HOLD = 1;
const REST = 0.9;
const BLINK_CLOSING = 0.1;
const BLINK_OPENING = 0.17;
/** Rests with a blink in their middle: after that many movements. */
const BLINKS_AFTER = [4, 13, 22] as const;
const BLINK_REST = 1.6;

/** A movement, or a blink (code BK), that the clip shows. */
export interface ExamEvent {
  readonly code: ExamCode | 'BK';
  /** 1 is the usual strength. */
  readonly strength: number;
  /** When it begins, is whole, begins to go and is gone; seconds. */
  readonly times: readonly [from: number, whole: number, until: number, gone: number];
}

/** Everything that the clip shows, in order. */
export const EXAM_EVENTS: readonly ExamEvent[] = timeline();
/** The clip's length in seconds. */
export const EXAM_SECONDS = (EXAM_EVENTS.at(-1)?.times[3] ?? 0) + 1.2;

function timeline(): ExamEvent[] {
  const events: ExamEvent[] = [];
  let now = FIRST_REST;
  for (const code of EXAM_CODES) {
    for (const strength of REPEATS) {
      events.push({ code, strength, times: [now, now + RAMP, now + RAMP + HOLD, now + 2 * RAMP + HOLD] });
      now += 2 * RAMP + HOLD + REST;
      if (!(BLINKS_AFTER as readonly number[]).includes(events.filter((event) => event.code !== 'BK').length)) continue;
      const at = now + (BLINK_REST - REST) / 2 - REST / 2;
      const closed = at + BLINK_CLOSING;
      events.push({ code: 'BK', strength: 1, times: [at, closed, closed + 0.03, closed + 0.03 + BLINK_OPENING] });
      now += BLINK_REST - REST;
    }
  }
  return events;
}

/** How far an event has come at a time, 0 to 1. */
export function eventPart({ times: [from, whole, until, gone] }: ExamEvent, seconds: number): number {
  if (seconds <= from || seconds >= gone) return 0;
  const t = Math.min(1, (seconds - from) / (whole - from), (gone - seconds) / (gone - until));
  return t * t * (3 - 2 * t);
}

/** Where an event passes a part of its peak: seconds, on the way up and down. */
export function eventEdges({ times: [from, whole, until, gone] }: ExamEvent, part: number): readonly [number, number] {
  // The inverse of 3t^2 - 2t^3.
  const t = 0.5 - Math.sin(Math.asin(1 - 2 * part) / 3);
  return [from + t * (whole - from), gone - t * (gone - until)];
}

/**
 * How strongly each side makes each movement, 1 the usual strength; `coupled` is commissure travel that comes with
 * closing eyes.
 */
export type SideMovements = Readonly<Record<ExamCode, number>> & { readonly blink: number; readonly coupled: number };

/** What both sides do at a time. */
export function examMovementsAt(seconds: number, variant: ExamVariant): Readonly<Record<Side, SideMovements>> {
  const whole: Record<ExamCode, number> = { RE: 0, ES: 0, ET: 0, BS: 0, SO: 0, SE: 0, FR: 0, WN: 0, PL: 0 };
  let blink = 0;
  for (const event of EXAM_EVENTS) {
    const part = eventPart(event, seconds) * event.strength;
    if (event.code === 'BK') blink = Math.max(blink, part);
    else whole[event.code] = Math.max(whole[event.code], part);
  }
  const healthy = { ...whole, blink, coupled: 0 };
  const part = variant === 'weak-left' ? WEAK_PART : 1;
  const left = byCode((code) => whole[code] * part);
  const coupled = variant === 'coupled-left' ? COUPLING * Math.max(whole.ES, whole.ET) : 0;
  return { right: healthy, left: { ...left, blink: blink * part, coupled } };
}

function byCode(valueOf: (code: ExamCode) => number): Record<ExamCode, number> {
  const [RE, ES, ET, BS, SO, SE, FR, WN, PL] = EXAM_CODES.map((code) => valueOf(code));
  return {
    RE: RE ?? 0,
    ES: ES ?? 0,
    ET: ET ?? 0,
    BS: BS ?? 0,
    SO: SO ?? 0,
    SE: SE ?? 0,
    FR: FR ?? 0,
    WN: WN ?? 0,
    PL: PL ?? 0,
  };
}
