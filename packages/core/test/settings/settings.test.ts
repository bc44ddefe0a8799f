import { describe, expect, it } from 'vitest';
import { FaceMirrorError } from '../../src/errors.js';
import { DEFAULT_SETTINGS, parseSetting, parseSettings, resultSettings } from '../../src/settings/settings.js';
import { SETTING_NAMES, SETTINGS } from '../../src/settings/table.js';

function refusal(task: () => unknown): FaceMirrorError {
  try {
    task();
  } catch (error) {
    if (error instanceof FaceMirrorError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('settings', () => {
  it('has a default that fits for every setting', () => {
    expect(parseSettings({})).toEqual(DEFAULT_SETTINGS);
    expect(parseSettings(DEFAULT_SETTINGS)).toEqual(DEFAULT_SETTINGS);
    expect(Object.keys(DEFAULT_SETTINGS)).toEqual(SETTING_NAMES);
  });

  it('changes only what is given', () => {
    const settings = parseSettings({ camera: 'mirrored', workers: 2, neutral: '0:02-0:04', detectSide: undefined });
    expect(settings).toEqual({
      ...DEFAULT_SETTINGS,
      camera: 'mirrored',
      workers: 2,
      neutral: { kind: 'window', start: 2, end: 4 },
    });
  });

  it.each([
    [{ quality: 52 }, 'quality', '`quality` takes a number from 0 to 51, not 52.'],
    [{ quality: '18' }, 'quality', '`quality` takes a number from 0 to 51, not "18".'],
    [{ quality: Number.NaN }, 'quality', '`quality` takes a number from 0 to 51, not null.'],
    [{ batch: 1.5 }, 'batch', '`batch` takes auto or a whole number from 1 to 64, not 1.5.'],
    [{ suite: 'other' }, 'suite', '`suite` takes mediapipe or openface3, not "other".'],
    [{ iris: 'yes' }, 'iris', '`iris` takes true or false, not "yes".'],
    [{ modelsFolder: '' }, 'modelsFolder', '`modelsFolder` takes the path of a folder, not "".'],
    [{ neutral: { kind: 'window', start: 4, end: 2 } }, 'neutral', 'a stretch of the video such as 0:02-0:04, not'],
    [{ neutral: '4-2' }, 'neutral', 'ends before it starts'],
    [{ Quality: 18 }, 'Quality', 'There is no setting "Quality"; did you mean "quality"?'],
    [{ 'debug-video': true }, 'debug-video', 'did you mean "debugVideo"?'],
    [{ colour: 1 }, 'colour', 'There is no setting "colour"; the settings are suite, neutral, '],
    [
      { performanceReport: true, profile: false },
      'performanceReport',
      '`performanceReport` shows what `profile: false` does not measure',
    ],
  ])('refuses %j and names the setting', (given, setting, sentence) => {
    const error = refusal(() => parseSettings(given));
    expect(error).toMatchObject({ code: 'USAGE', setting });
    expect(error.message).toContain(sentence);
  });

  it('refuses what is no object', () => {
    for (const given of [null, 'suite', ['suite'], 1]) expect(refusal(() => parseSettings(given)).code).toBe('USAGE');
  });

  it('reads values as users write them', () => {
    expect(parseSetting('workers', ' auto ')).toBe('auto');
    expect(parseSetting('face', '2')).toBe(2);
    expect(parseSetting('iris', 'true')).toBe(true);
    expect(parseSetting('quality', '18.5')).toBe(18.5);
    expect(parseSetting('neutral', '0:02-0:04')).toEqual({ kind: 'window', start: 2, end: 4 });
    for (const slip of ['-0', '1e3', '0x10', ''])
      expect(refusal(() => parseSetting('face', slip)).setting).toBe('face');
  });

  it('keeps in records what results depend on', () => {
    const kept = Object.keys(resultSettings(DEFAULT_SETTINGS));
    expect(kept).toEqual(SETTING_NAMES.filter((name) => SETTINGS[name].changesResults));
    expect(kept).not.toContain('workers');
  });
});
