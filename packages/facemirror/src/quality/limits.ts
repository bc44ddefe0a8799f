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

/** What the gate knows of one frame. NaN where something is not known, which is no reason to leave the frame out. */
export interface FrameQuality {
  /** Degrees, the patient's; see `HeadAngles`. */
  readonly yaw: number;
  readonly pitch: number;
  /** Between the middles of the eyes, in pixels of the frame. */
  readonly interOcularPixels: number;
  /** See `sharpness.ts`. */
  readonly sharpness: number;
  readonly isOccluded: boolean;
}
