import { useEffect, useRef, type ReactNode } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatNumber, t } from '../i18n/messages.js';
import { nearest, type Curve } from '../review/curves.js';
import { chartColours, useColourScheme } from './colours.js';

export interface CurveChartProps {
  readonly curve: Curve;
  /** Seconds, by frame. */
  readonly times: Float64Array;
  /** Why a frame is left out; empty if it is not. */
  readonly excluded: readonly string[];
  /** The frame that the player shows. */
  readonly frame: number;
  readonly onSeek: (frame: number) => void;
}

const HEIGHT = 132;
/** Pixels beside the plot, as .with-axis in style.css has them: bars lie above what they mark. */
const AXIS_LEFT = 52;
const AXIS_RIGHT = 12;

/** One measure of both sides over the video. A click goes there; the line shows where the player is. */
export function CurveChart({ curve, times, excluded, frame, onSeek }: CurveChartProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const scheme = useColourScheme();
  const shown = useRef(frame);
  shown.current = frame;
  const seek = useRef(onSeek);
  seek.current = onSeek;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const colours = chartColours();
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        padding: [8, AXIS_RIGHT, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: 'review' }, drag: { setScale: false, x: false, y: false } },
        scales: { x: { time: false } },
        axes: [axis(colours, 24, (seconds) => `${seconds} s`), axis(colours, AXIS_LEFT, (value) => String(value))],
        series: [
          {},
          { label: t.review.leftSide, stroke: colours.left, width: 1.5, spanGaps: false },
          { label: t.review.rightSide, stroke: colours.right, width: 1.5, spanGaps: false, dash: [5, 3] },
        ],
        hooks: {
          drawClear: [(self) => drawExcluded(self, times, excluded, colours.excluded)],
          draw: [(self) => drawCursor(self, times[shown.current] ?? 0, colours.cursor)],
        },
      },
      [times, curve.left, curve.right],
      element,
    );
    plot.current = chart;
    const click = (event: MouseEvent): void => {
      const seconds = chart.posToVal(event.clientX - chart.over.getBoundingClientRect().left, 'x');
      seek.current(nearest(times, seconds));
    };
    chart.over.addEventListener('click', click);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [curve, times, excluded, scheme]);

  useEffect(() => plot.current?.redraw(false, false), [frame]);

  const unit = curve.unit === '' ? '' : ` (${curve.unit})`;
  const value = (side: Float64Array): string => {
    const now = side[frame];
    return now === undefined || Number.isNaN(now) ? '–' : formatNumber(now, 2);
  };
  return (
    <figure className="chart" data-curve={curve.name}>
      <figcaption>
        <span>
          {curve.name.replaceAll('_', ' ')}
          {unit}
        </span>
        <span className="values">
          <span className="left-side">
            {t.review.leftSide} {value(curve.left)}
          </span>
          <span className="right-side">
            {t.review.rightSide} {value(curve.right)}
          </span>
        </span>
      </figcaption>
      <div ref={holder} className="plot" />
    </figure>
  );
}

function axis(colours: ReturnType<typeof chartColours>, size: number, text: (value: number) => string): uPlot.Axis {
  return {
    stroke: colours.text,
    size,
    font: '11px system-ui, sans-serif',
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
    values: (_, values) => values.map((value) => text(Number(value.toFixed(3)))),
  };
}

function drawExcluded(self: uPlot, times: Float64Array, excluded: readonly string[], colour: string): void {
  const { ctx, bbox } = self;
  ctx.save();
  ctx.fillStyle = colour;
  for (let first = 0; first < excluded.length; first++) {
    if (excluded[first] === '') continue;
    let last = first;
    while (last + 1 < excluded.length && excluded[last + 1] !== '') last++;
    const left = self.valToPos(times[first] ?? 0, 'x', true);
    const right = self.valToPos(times[Math.min(last + 1, times.length - 1)] ?? 0, 'x', true);
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
    first = last;
  }
  ctx.restore();
}

function drawCursor(self: uPlot, seconds: number, colour: string): void {
  const { ctx, bbox } = self;
  const x = Math.round(self.valToPos(seconds, 'x', true));
  ctx.save();
  ctx.fillStyle = colour;
  ctx.fillRect(x - 1, bbox.top, 2, bbox.height);
  ctx.restore();
}
