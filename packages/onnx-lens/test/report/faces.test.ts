import { describe, expect, test } from 'vitest';
import { compareWithLog } from '../../src/logs/compare.js';
import { parseLog } from '../../src/logs/sessions.js';
import { bytes, count, macs, percent, ranges, tally } from '../../src/report/format.js';
import { coverageJson } from '../../src/report/json.js';
import { coverageMarkdown } from '../../src/report/markdown.js';
import { coverageText } from '../../src/report/terminal.js';
import { HOSTILE, sampleLog, sampleResult } from './sample.js';

const result = sampleResult('resize');
const comparison = compareWithLog(result, parseLog(sampleLog(result)), 'run.log');

describe('JSON', () => {
  const json = JSON.parse(coverageJson(sampleResult())) as Record<string, unknown> & {
    perNode: Record<string, unknown>[];
  };

  test('has the fields that other programs rely on', () => {
    expect(json).toMatchObject({
      model: `models/${HOSTILE}`,
      provider: 'coreml',
      format: 'mlprogram',
      ort: '1.30',
      nodes: 6,
      supported: 4,
      cpu: 2,
      coverage: 400 / 6,
      partitions: 2,
      impact: 'MEDIUM',
    });
    expect(
      json.perNode.map(({ index, name, opType, supported, partition, reason }) => [
        index,
        name,
        opType,
        supported,
        partition,
        reason,
      ]),
    ).toEqual([
      [0, 'first', 'Conv', true, 0, null],
      [1, '', 'Relu', true, 0, null],
      [2, HOSTILE, 'Resize', false, null, `Resize "${HOSTILE}" has mode cubic`],
      [3, 'second', 'Conv', true, 1, null],
      [4, 'second/relu', 'Relu', true, 1, null],
      [5, 'lone', 'Shape', false, null, 'The group has no input but constants'],
    ]);
  });

  test('holds the rest under other names, and the log comparison when there is one', () => {
    expect(json).toMatchObject({
      partitionList: [{ index: 0, nodes: [0, 1] }, { index: 1 }],
      causes: [{ rule: 'resize.mode' }, {}],
      variants: [{}, {}, {}, {}],
      work: { macsOnCpu: 0 },
    });
    expect(json).not.toHaveProperty('logComparison');
    expect(JSON.parse(coverageJson(result, comparison))).toMatchObject({ logComparison: { agrees: true } });
  });
});

describe('the terminal', () => {
  test("the seed document's figures come first, in its order", () => {
    const lines = coverageText(result).split('\n');
    const labels = [
      'Total operators',
      'Core ML operators',
      'CPU fallback operators',
      'Core ML coverage',
      'Core ML partitions',
    ];
    const places = labels.map((label) => lines.findIndex((line) => line.trim().startsWith(label)));
    expect(places).toEqual([3, 4, 5, 6, 7]);
    expect(places.map((place) => lines[place]!.trim().split(/ {2,}/).at(-1))).toEqual(['6', '4', '2', '66.7 %', '2']);
  });

  test('names every node left behind with its reason, every boundary with its bytes, and what "on Core ML" means', () => {
    const text = coverageText(result, comparison);
    for (const part of [
      'Resize  resize',
      'Shape  lone',
      'float[batch,16,?,8]  size unknown',
      'r float[1,16,16,16]  16.4 kB',
      'Against the log run.log',
      'does not mean "on the Neural',
      '--fix',
    ])
      expect(text).toContain(part);
    expect(text.replace(/\s+/g, ' ')).toContain('those of NeuralNetwork with free shapes');
  });

  test("has colours only when asked, and a stranger's names never reach it raw", () => {
    const escape = '\u001b[';
    expect(coverageText(sampleResult())).not.toContain(escape);
    expect(coverageText(sampleResult())).not.toContain('\u202e');
    const coloured = coverageText(sampleResult(), null, { colour: true });
    expect(coloured).toContain(escape);
    expect(coloured).not.toContain('\u001b[2J');
  });

  test('a model that is taken whole, or not at all, is told without empty tables', () => {
    const whole = coverageText({ ...result, causes: [], supported: 6, cpu: 0, coverage: 100 });
    expect(whole).not.toContain('Left to the CPU');
    expect(coverageText({ ...result, partitions: [] })).not.toContain('Partitions, in the order');
  });
});

test("Markdown keeps its tables whole and a stranger's names from becoming markup", () => {
  const markdown = coverageMarkdown(sampleResult(), comparison);
  expect(markdown).not.toMatch(/<(?!\/?(?:details|summary)\b)/);
  expect(markdown).not.toContain('[a](javascript');
  const tableRows = markdown.split('\n').filter((line) => line.startsWith('|'));
  const cells = (row: string): number => row.replace(/\\\|/g, '').split('|').length;
  for (const [place, row] of tableRows.entries()) {
    if (/^\| *:?-/.test(row)) expect(cells(row)).toBe(cells(tableRows[place - 1]!));
    else if (place > 0 && !/^\| *:?-/.test(tableRows[place + 1] ?? ''))
      expect(cells(row)).toBe(cells(tableRows[place - 1]!));
  }
});

test('numbers are never rounded into a lie', () => {
  expect([percent(100), percent(99.99), percent(0.01), percent(0), percent(81.25)]).toEqual([
    '100.0 %',
    '>99.9 %',
    '<0.1 %',
    '0.0 %',
    '81.3 %',
  ]);
  expect([bytes(0), bytes(999), bytes(1000), bytes(999_950), bytes(4_915_200)]).toEqual([
    '0 B',
    '999 B',
    '1.00 kB',
    '1.00 MB',
    '4.92 MB',
  ]);
  expect([macs(999), macs(37_600_000), count(1234567)]).toEqual(['999', '37.6 M', '1,234,567']);
  expect(ranges([0, 1, 2, 54, 3, 4])).toBe('0-2, 54, 3-4');
  expect(tally(['a', 'b', 'a', 'c'], 2)).toBe('a 2, b 1, 1 more');
});
