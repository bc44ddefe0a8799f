/** Why a frame is left out of medians. Unevenness of the face is never a reason. */
export const QUALITY_REASONS = [
  'no-face',
  'yaw',
  'pitch',
  'small-face',
  'blur',
  'frame-rate',
  'jump',
  'occluded',
] as const;
export type QualityReason = (typeof QUALITY_REASONS)[number];

/** Limits of the quality gate. docs/examination.md has the error curve behind each. */
export const QUALITY_LIMITS = {
  /** Degrees to either side. */
  yaw: 20,
  /**
   * Degrees up or down from the video's own rest: cameras look from below or above, which is not the patient's turn.
   */
  pitch: 20,
  /** Between the middles of the eyes, in pixels. */
  interOcularPixels: 24,
  /** Part of the sharpness that the video's sharper frames have; see `sharpness.ts`. */
  relativeSharpness: 0.4,
  /** Frames a second; a video below has the reason in every frame. */
  framesPerSecond: 12,
  /** Turn of the head, or part of its size, by which one frame differs from both its neighbours. */
  jump: { degrees: 8, size: 0.12 },
} as const;
