import { FaceMirrorError } from '../errors.js';

/** Where the subject's neutral face is to be taken from. Times in seconds of the video, both ends included. */
export type NeutralChoice =
  { readonly kind: 'calmest-second' } | { readonly kind: 'window'; readonly start: number; readonly end: number };

/**
 * Reads a stretch of a video: two times with a hyphen between, each `SS`, `MM:SS` or `HH:MM:SS`, seconds with or
 * without a fraction (`0:02-0:04`, `2-4.5`, `1:00:02-1:00:04`).
 *
 * @throws FaceMirrorError `USAGE` when the text is not that, or the end is not after the start.
 *
 * @example
 * parseNeutralWindow('0:02-0:04'); // { kind: 'window', start: 2, end: 4 }
 */
export function parseNeutralWindow(text: string): NeutralChoice {
  const [from, to, ...rest] = text.split('-').map((part) => seconds(part.trim()));
  if (from === undefined || to === undefined || from === null || to === null || rest.length > 0) {
    throw new FaceMirrorError(
      'USAGE',
      `\`neutral\` "${text}" is not a time range; write it as start-end, for example 0:02-0:04.`,
      { setting: 'neutral' },
    );
  }
  if (to <= from) {
    throw new FaceMirrorError(
      'USAGE',
      `\`neutral\` "${text}" ends before it starts; write the earlier time first, for example 0:02-0:04.`,
      { setting: 'neutral' },
    );
  }
  return { kind: 'window', start: from, end: to };
}

function seconds(text: string): number | null {
  const match = /^(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) return null;
  const [, hours = '0', minutes, last = ''] = match;
  if (minutes !== undefined && Number(last) >= 60) return null;
  if (match[1] !== undefined && Number(minutes) >= 60) return null;
  return Number(hours) * 3600 + Number(minutes ?? '0') * 60 + Number(last);
}
