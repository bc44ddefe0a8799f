import { describe, expect, test } from 'vitest';
import { NodeTimes } from '../../src/logs/node-times.js';
import { parseTrace, readTrace } from '../../src/logs/trace.js';
import type { TraceEvent } from '../../src/logs/trace-events.js';

const event = (name: string, ts: number, dur: number, op: string): object => ({
  cat: 'Node',
  pid: 1,
  tid: 1,
  dur,
  ts,
  ph: 'X',
  name: `${name}_kernel_time`,
  args: { op_name: op, provider: 'CPUExecutionProvider', shapes: [{ float: [1, 3] }, {}] },
});
const EVENTS = [
  { cat: 'Session', pid: 1, tid: 1, dur: 50, ts: 0, ph: 'X', name: 'model_run', args: {} },
  { cat: '__metadata', name: 'process_name', ph: 'M', pid: 1, args: { name: 'a } in { a "name"' } },
  event('/a/Conv', 1, 20, 'Conv'),
  event('/b "quoted" \\ {brace', 22, 10, 'Relu'),
  event('/ü/Conv', 33, 4, 'Conv'),
];

const LAYOUTS: Readonly<Record<string, string>> = {
  'one event a line': `[\n${EVENTS.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`,
  'one event a line, the bracket on the last, Windows line ends': `[${EVENTS.map((each) => JSON.stringify(each)).join(',\r\n')}]`,
  'all on one line': JSON.stringify(EVENTS),
  indented: JSON.stringify(EVENTS, null, 2),
  'in an object': JSON.stringify({ displayTimeUnit: 'ms', traceEvents: EVENTS, other: [{ a: 1 }] }),
  'in an indented object': JSON.stringify({ traceEvents: EVENTS, note: 'end' }, null, '\t'),
  'after a byte order mark': `\ufeff${JSON.stringify(EVENTS)}`,
};

async function* pieces(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield await Promise.resolve(text.slice(at, at + length));
}

describe('a profile in whatever layout gives the same sums', () => {
  test.each(Object.entries(LAYOUTS))('%s', async (_, text) => {
    const trace = parseTrace(text);
    expect(trace).toMatchObject({ complete: true, unreadable: 0, events: 4, runsMs: [0.05], nodesMs: 0.034 });
    expect(trace.nodes.map(({ name, opType, ms }) => [name, opType, ms])).toEqual([
      ['/a/Conv', 'Conv', 0.02],
      ['/b "quoted" \\ {brace', 'Relu', 0.01],
      ['/ü/Conv', 'Conv', 0.004],
    ]);
    for (const length of [1, 7, 1000]) expect(await readTrace(pieces(text, length))).toEqual(trace);
  });

  test.each(Object.entries(LAYOUTS))('%s, over many of the pieces it is read in', (layout, text) => {
    const many = Array.from({ length: 20_000 }, (_, place) =>
      event(`/layer.${place % 50}/Conv`, place * 10, 5, 'Conv'),
    );
    const events = [...EVENTS, ...many];
    const long = layout.startsWith('one event')
      ? `[${events.map((each) => JSON.stringify(each)).join(',\n')}\n]`
      : layout.includes('object')
        ? JSON.stringify({ traceEvents: events })
        : JSON.stringify(events, null, text.includes('\n') ? 2 : 0);
    expect(long.length).toBeGreaterThan(3 << 20);
    const trace = parseTrace(long);
    expect(trace).toMatchObject({ complete: true, unreadable: 0, events: 20_004 });
    expect(trace.nodes.find(({ name }) => name === '/layer.7/Conv')).toMatchObject({
      calls: 400,
      ms: 2,
      medianMs: 0.005,
    });
  });

  test.each(Object.entries(LAYOUTS))('%s, cut anywhere: no event is made up and nothing is complete', (_, text) => {
    for (let end = text.indexOf('model_run') + 60; end < text.lastIndexOf('}'); end++) {
      const cut = parseTrace(text.slice(0, end));
      expect(cut.events).toBeLessThanOrEqual(4);
      expect(cut.nodesMs).toBeLessThanOrEqual(0.034);
      if (end <= text.indexOf('/ü')) expect(cut.complete).toBe(false);
    }
  });
});

test('lines with unescaped names and broken lines between good ones cost no other line', () => {
  const good = EVENTS.slice(2).map((each) => JSON.stringify(each));
  const odd =
    '{"cat" : "Node","pid" :1,"tid" :1,"dur" :7,"ts" :60,"ph" : "X","name" :"say "hi\\x_kernel_time","args" : {"op_name" : "Erf","provider" : "P"}}';
  const trace = parseTrace(`[\n${good[0]},\n${odd},\n{"cat" : "No\n}}}{{{\n${good[1]},\nhello\n${good[2]}\n]`);
  expect(trace.nodes.map(({ name }) => name)).toEqual(['/a/Conv', '/b "quoted" \\ {brace', 'say "hi\\x', '/ü/Conv']);
  expect(trace.complete).toBe(true);
  expect(trace.unreadable).toBeGreaterThanOrEqual(3);
});

test.each(['{\n', '{"', '{', '[', '{"a":1}', '"name":"', '\\', '{"name":"x","args"'])(
  'a long file of %j is refused, in time proportional to its length',
  (part) => expect(() => parseTrace(part.repeat(2_000_000 / part.length))).toThrow(/is not a profile/),
);

const call = (name: string, start: number, duration: number): TraceEvent => ({
  category: 'Node',
  name: `${name}_kernel_time`,
  thread: '1/1',
  start,
  duration,
  opType: name,
  provider: 'P',
});

describe('more events than are held (here 10,000, otherwise a million)', () => {
  test("each loop's time is without its body's, as each loop comes after its body", () => {
    const times = new NodeTimes(10_000);
    for (let loop = 0; loop < 13_000; loop++) {
      for (let step = 0; step < 9; step++) times.take(call('body', loop * 100 + 1 + step * 10, 10));
      times.take(call('loop', loop * 100, 98));
    }
    const { nodes } = times.finish();
    expect(nodes.find(({ name }) => name === 'body')).toMatchObject({ calls: 117_000, ms: 1170, medianMs: 0.01 });
    expect(nodes.find(({ name }) => name === 'loop')).toMatchObject({ calls: 13_000, ms: 104, maxMs: 0.008 });
    expect(times.late).toBe(0);
    expect(times.medianError).toBe(0);
  });

  test('a loop around all of them is said to count twice', () => {
    const times = new NodeTimes(10_000);
    for (let step = 0; step < 11_000; step++) times.take(call('body', 1 + step * 10, 10));
    times.take(call('loop', 0, 110_002));
    times.finish();
    expect(times.late).toBe(1);
  });
});

test('of very many different times the median is off by no more than is said', () => {
  const times = new NodeTimes(1_000_000, 2500);
  const durations = Array.from({ length: 9001 }, (_, place) => 1 + ((place * 7919) % 9001) * 0.37);
  let start = 0;
  for (const duration of durations) times.take(call('node', (start += 4000), duration));
  const [node] = times.finish().nodes;
  const truth = 1 + 4500 * 0.37;
  expect(times.medianError).toBeGreaterThan(0);
  expect(times.medianError).toBeLessThan(0.01);
  expect(Math.abs(node!.medianMs * 1000 - truth) / truth).toBeLessThanOrEqual(times.medianError);
  expect(node).toMatchObject({ minMs: 0.001, calls: 9001 });
});
