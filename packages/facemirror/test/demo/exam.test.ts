import { describe, expect, test } from 'vitest';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { framePlanes } from 'facemirror-core/frames/frame.js';
import { astronaut } from '../../src/demo/exam/astronaut.js';
import { EXAM_FORMAT, ExamClip } from '../../src/demo/exam/exam-clip.js';
import {
  COUPLING,
  EXAM_CODES,
  EXAM_EVENTS,
  WEAK_PART,
  eventEdges,
  eventPart,
  examMovementsAt,
} from '../../src/demo/exam/exam-timeline.js';
import { examTruth } from '../../src/demo/exam/exam-truth.js';

const middleOf = (code: string, repeat = 1): number => {
  const { times } = EXAM_EVENTS.filter((event) => event.code === code)[repeat]!;
  return (times[1] + times[2]) / 2;
};

describe('the exam clip', () => {
  test('shows every movement three times, 10 % apart, and never two at once', () => {
    const { movements, blinks } = examTruth({ variant: 'healthy', framesPerSecond: 30, frames: 1 });
    expect(movements.map(({ code }) => code)).toEqual(EXAM_CODES.flatMap((code) => [code, code, code]));
    expect(movements.slice(0, 3).map(({ strength }) => strength)).toEqual([0.9, 1, 1.1]);
    expect(blinks.length).toBe(3);
    EXAM_EVENTS.slice(1).forEach((event, i) => expect(event.times[0]).toBeGreaterThan(EXAM_EVENTS[i]!.times[3]));
  });

  test('says where a movement passes 30 % of its peak', () => {
    for (const event of EXAM_EVENTS)
      for (const edge of eventEdges(event, 0.3)) expect(eventPart(event, edge)).toBeCloseTo(0.3, 9);
  });

  test('has a left side of the known strength, and a left mouth that moves with the eyes', () => {
    for (const code of EXAM_CODES) {
      const { left, right } = examMovementsAt(middleOf(code), 'weak-left');
      expect(right[code]).toBe(1);
      expect(left[code]).toBeCloseTo(WEAK_PART, 9);
    }
    const { left, right } = examMovementsAt(middleOf('ES'), 'coupled-left');
    expect([left.coupled, right.coupled]).toEqual([COUPLING, 0]);
    expect(examMovementsAt(middleOf('BS'), 'coupled-left').left.coupled).toBe(0);
  });

  test('of a weak left side moves the picture there less than on the right', async () => {
    const frame = await new FramePool({ ...EXAM_FORMAT, capacity: 1 }).acquire();
    const draw = (seconds: number, variant: 'healthy' | 'weak-left'): Uint8Array => {
      const clip = new ExamClip({ portrait: astronaut(), variant, framesPerSecond: 30 });
      clip.draw(Math.round(seconds * 30), frame);
      return framePlanes(frame).y.slice();
    };
    const [healthy, weak] = [draw(middleOf('RE'), 'healthy'), draw(middleOf('RE'), 'weak-left')];
    const changed = { left: 0, right: 0 };
    healthy.forEach((value, i) => {
      if (Math.abs(value - weak[i]!) < 8) return;
      // The sitter's left is on the picture's right of the nose.
      if (i % frame.layout.yStride > 245) changed.left++;
      else changed.right++;
    });
    expect(changed.left).toBeGreaterThan(200);
    expect(changed.right).toBeLessThan(changed.left / 10);
  });
});
