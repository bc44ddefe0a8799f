import { MEASURED_FACES } from '../action-units/description.js';
import { AFFECTED_CHOICES } from '../examination/examination.js';
import { ISOLATIONS, PROVIDER_CHOICES } from '../inference/options.js';
import { SUITE_NAMES } from '../suites/suite.js';
import { DEFAULT_QUALITY, ENCODER_NAMES } from './encoders.js';
import type { Setting } from './form.js';

const count = (least: number, most: number) => ({ kind: 'number', whole: true, least, most, words: ['auto'] }) as const;

/**
 * Every setting of a run: the one list from which defaults, checks, flags, help, documents and forms derive. A new
 * setting is a new entry here. Those that results depend on come first, in the order in which records keep them.
 *
 * @example
 * SETTINGS.quality.default; // 18
 */
export const SETTINGS = {
  suite: {
    form: { kind: 'choice', choices: SUITE_NAMES },
    default: 'mediapipe',
    unit: null,
    about: 'the networks to use',
    changesResults: true,
  },
  neutral: {
    form: { kind: 'stretch' },
    default: { kind: 'calmest-second' },
    unit: 's',
    about: 'when the face is at rest, e.g. 0:02-0:04',
    defaultAbout: 'the calmest second',
    changesResults: true,
  },
  camera: {
    form: { kind: 'choice', choices: ['normal', 'mirrored'] },
    default: 'normal',
    unit: null,
    about: 'mirrored: the video shows the patient as a mirror does',
    changesResults: true,
  },
  face: {
    form: { kind: 'number', whole: true, least: 1, most: Number.MAX_SAFE_INTEGER, words: ['largest', 'left', 'right'] },
    default: 'largest',
    unit: null,
    about: 'largest, left or right of the picture, or the Nth from its left',
    changesResults: true,
  },
  measure: {
    form: { kind: 'choice', choices: MEASURED_FACES },
    default: 'mirrored',
    unit: null,
    about: 'mirrored: each side on its own mirrored face; whole: both on the face as it is',
    changesResults: true,
  },
  /** Below 96 pixels only a face that fills the picture is found; above 2048 a search takes seconds and gigabytes. */
  detectSide: {
    form: { kind: 'number', whole: true, least: 96, most: 2048, words: [] },
    default: null,
    unit: 'pixels',
    about: "long side of the picture that openface3's detector sees: less is faster and misses small faces",
    defaultAbout: '640',
    changesResults: true,
  },
  iris: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: 'give distances in mm, by the iris (11.7 mm)',
    changesResults: true,
  },
  affected: {
    form: { kind: 'choice', choices: AFFECTED_CHOICES },
    default: 'auto',
    unit: null,
    about: 'the affected side, for ratios of affected over healthy; auto guesses it',
    changesResults: true,
  },
  movements: {
    form: { kind: 'table', of: 'movements' },
    default: null,
    unit: null,
    about: 'a table of your own movements (start, end, code, or one action per frame), for one video',
    defaultAbout: 'those that the program proposes',
    changesResults: true,
  },
  subject: {
    form: { kind: 'text', longest: 80 },
    default: null,
    unit: null,
    about: 'pseudonym of the patient, for the report and tables of many; never a real name',
    changesResults: true,
  },
  visit: {
    form: { kind: 'text', longest: 80 },
    default: null,
    unit: null,
    about: 'name of the visit, e.g. 2026-05 or week 12',
    changesResults: true,
  },
  scores: {
    form: { kind: 'table', of: 'scores' },
    default: null,
    unit: null,
    about: 'a table of scores that clinician and patient give (item, value), for the report of one video',
    changesResults: true,
  },
  landmarks: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: "also write <name>_landmarks.csv, in OpenFace's columns",
    changesResults: true,
  },
  outputs: {
    form: { kind: 'list', choices: ['videos', 'tables', 'debug'] },
    default: ['videos', 'tables', 'debug'],
    unit: null,
    about: 'what to write beside the record, with commas: the mirrored videos, the tables, the debug video',
    defaultAbout: 'all',
    changesResults: true,
  },
  debugVideo: {
    form: { kind: 'switch' },
    default: true,
    unit: null,
    about: 'write the video with the midline, the landmarks and the head angle',
    aboutOff: 'leave out the video with the midline, the landmarks and the head angle',
    changesResults: true,
  },
  audio: {
    form: { kind: 'switch' },
    default: true,
    unit: null,
    about: 'keep the sound',
    aboutOff: 'leave out the sound',
    changesResults: true,
  },
  encoder: {
    form: { kind: 'choice', choices: ['auto', ...ENCODER_NAMES] },
    default: 'auto',
    unit: null,
    about: 'H.264 encoder; auto takes the first of these that works',
    changesResults: true,
  },
  quality: {
    form: { kind: 'number', whole: false, least: 0, most: 51, words: [] },
    default: DEFAULT_QUALITY,
    unit: null,
    about: 'constant rate factor, 0 (lossless) to 51 (worst)',
    changesResults: true,
  },
  provider: {
    form: { kind: 'choice', choices: PROVIDER_CHOICES },
    default: 'auto',
    unit: null,
    about: 'what runs the networks; an unavailable provider falls back to the CPU, with a warning',
    changesResults: false,
  },
  modelsFolder: {
    form: { kind: 'path', to: 'folder' },
    default: null,
    unit: null,
    about: 'a folder of your own model files',
    changesResults: false,
  },
  workers: {
    form: count(1, 256),
    default: 'auto',
    unit: 'threads',
    about: 'threads in which networks run side by side; results do not depend on it',
    changesResults: false,
  },
  isolation: {
    form: { kind: 'choice', choices: ISOLATIONS },
    default: 'thread',
    unit: null,
    about: 'run networks in threads or in separate processes',
    changesResults: false,
  },
  batch: {
    form: count(1, 64),
    default: 'auto',
    unit: 'frames',
    about: 'frames that a network is given in one run (openface3); auto: the number that measures fastest here',
    changesResults: false,
  },
  jobs: {
    form: count(1, 256),
    default: 'auto',
    unit: 'videos',
    about: 'videos worked on at once; auto: one more whenever cores stay idle; results do not depend on it',
    changesResults: false,
  },
  profile: {
    form: { kind: 'switch' },
    default: true,
    unit: null,
    about: 'measure the run and keep the times in its record',
    aboutOff: 'do not measure the run; its record then holds no times',
    changesResults: false,
  },
  report: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: 'also write <name>_report.html: the examination with pictures, curves and tables',
    changesResults: false,
  },
  redacted: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: 'also write the folder <name>_redacted: a video of landmarks alone, and tables under neutral names',
    changesResults: false,
  },
  performanceReport: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: 'also write <name>_performance.html: where the time and memory went, and what would help',
    changesResults: false,
  },
  trace: {
    form: { kind: 'path', to: 'file' },
    default: null,
    unit: null,
    about: 'write a trace of every step to this file, for Perfetto or chrome://tracing',
    changesResults: false,
  },
  allowNoFace: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: 'also write the outputs of a video without a face: unchanged pictures, empty tables',
    changesResults: false,
  },
  force: {
    form: { kind: 'switch' },
    default: false,
    unit: null,
    about: 'reprocess videos that already have results',
    changesResults: false,
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/**
 * Every setting's name, in the order of the table.
 *
 * @example
 * SETTING_NAMES.includes('iris'); // true
 */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
