import { EXAM_INTER_OCULAR_MM } from './exam-face.js';
import { COUPLING, EXAM_EVENTS, WEAK_PART, eventEdges, type ExamVariant } from './exam-timeline.js';
import { EXAM_MOTION } from './exam-warp.js';

/** Part of its peak at which a movement is taken to begin and end, as in a movements table. */
const EDGE = 0.3;

/** What an exam clip truly shows, to be written beside it. */
export interface ExamTruth {
  readonly definition: Readonly<Record<string, unknown>>;
  readonly variant: ExamVariant;
  readonly framesPerSecond: number;
  readonly frames: number;
  /** Left over right side's motion in every movement, lids and all. */
  readonly leftOverRight: number;
  /** Commissure travel of the left side while the eyes close, over that of its smile. */
  readonly leftCoupling: number;
  /** In order; seconds. `start` and `end` are where the motion passes 30 % of its peak. */
  readonly movements: readonly {
    readonly code: string;
    readonly start: number;
    readonly end: number;
    readonly strength: number;
  }[];
  readonly blinks: readonly { readonly onset: number; readonly closed: number; readonly end: number }[];
}

/** By the same functions that draw the clip. */
export function examTruth(clip: Pick<ExamTruth, 'variant' | 'framesPerSecond' | 'frames'>): ExamTruth {
  return {
    definition: {
      motion: EXAM_MOTION,
      sizes: `mm of a face with ${EXAM_INTER_OCULAR_MM} mm between the middles of the eyes, at strength 1: outward, up`,
      strength: 'the three repeats differ by 10 %; closed lids are whole at 1.1',
      sides: "the sitter's own",
    },
    ...clip,
    leftOverRight: clip.variant === 'weak-left' ? WEAK_PART : 1,
    leftCoupling: clip.variant === 'coupled-left' ? COUPLING : 0,
    movements: EXAM_EVENTS.flatMap((event) => {
      const [start, end] = eventEdges(event, EDGE);
      return event.code === 'BK' ? [] : [{ code: event.code, start, end, strength: event.strength }];
    }),
    blinks: EXAM_EVENTS.flatMap(({ code, times: [onset, closed, , end] }) =>
      code === 'BK' ? [{ onset, closed, end }] : [],
    ),
  };
}
