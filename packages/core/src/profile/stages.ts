/**
 * The stages of a run. `convert` is making upright pictures in shared memory of what was decoded; `write` is the tables
 * and the closing of files; `wait` is time in queues: of a frame, a picture or a run of a network, from when it could
 * have been worked on until it was.
 */
export const STAGES = [
  'decode',
  'convert',
  'detect',
  'landmarks',
  'mirror',
  'overlay',
  'action-units',
  'encode',
  'write',
  'wait',
] as const;
export type Stage = (typeof STAGES)[number];
