import { expect, test } from 'vitest';
import { parseNeutralWindow } from '../../src/action-units/neutral-window.js';
import { FaceMirrorError } from '../../src/errors.js';

test('times are seconds, minutes or hours', () => {
  expect(parseNeutralWindow('0:02-0:04')).toEqual({ kind: 'window', start: 2, end: 4 });
  expect(parseNeutralWindow('1.5 - 2.25')).toEqual({ kind: 'window', start: 1.5, end: 2.25 });
  expect(parseNeutralWindow('1:00:02-1:00:04')).toEqual({ kind: 'window', start: 3602, end: 3604 });
});

test('what is no stretch of time is refused with an example', () => {
  for (const text of ['', '2', '0:02', '4-2', '2-2', 'a-b', '0:61-0:70', '1-2-3', '-1-2', '1:75:00-2:00:00']) {
    expect(() => parseNeutralWindow(text), text).toThrow(FaceMirrorError);
    expect(() => parseNeutralWindow(text), text).toThrow(/0:02-0:04/);
  }
});
