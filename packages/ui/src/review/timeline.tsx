import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import type { Movement, NeutralStretch } from '../backend/review.js';
import { formatTime, t } from '../i18n/messages.js';
import type { VideoSpan } from './movement-edit.js';

export interface TimelineProps {
  readonly movements: readonly Movement[];
  readonly neutral: NeutralStretch | null;
  readonly span: VideoSpan;
  /** Nothing can be changed. */
  readonly isReadOnly: boolean;
  /** Where the player is, in seconds. */
  readonly time: number;
  /** Seconds of one frame, the step of the arrow keys. */
  readonly frameSeconds: number;
  readonly selected: number | null;
  readonly onSelect: (index: number | null) => void;
  readonly onEdge: (index: number, edge: 'start' | 'end', seconds: number, drag: string) => void;
  readonly onNeutralEdge: (edge: 'start' | 'end', seconds: number, drag: string) => void;
  readonly onDelete: (index: number) => void;
  readonly onSeek: (seconds: number) => void;
}

/** Movements as bars over the time axis, the stretch of rest below them. Edges are dragged, or moved by arrow keys. */
export function Timeline(props: TimelineProps): ReactNode {
  const track = useRef<HTMLDivElement>(null);
  const drags = useRef(0);
  const { neutral, isReadOnly } = props;
  const { from, to } = props.span;
  const duration = Math.max(to - from, 1e-6);
  const share = (seconds: number): string => `${((100 * seconds) / duration).toFixed(3)}%`;
  const place = (seconds: number): string => share(seconds - from);
  const secondsAt = (clientX: number): number => {
    const box = track.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return from;
    return Math.min(to, Math.max(from, from + ((clientX - box.left) / box.width) * duration));
  };
  const dragging = (move: (seconds: number, drag: string) => void) => (event: PointerEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    const { currentTarget: handle, pointerId } = event;
    handle.setPointerCapture(pointerId);
    handle.focus();
    const drag = `drag ${++drags.current}`;
    handle.onpointermove = ({ clientX }) => move(secondsAt(clientX), drag);
    handle.onpointerup = handle.onpointercancel = () => {
      handle.onpointermove = handle.onpointerup = handle.onpointercancel = null;
    };
  };
  const nudging = (at: number, move: (seconds: number, drag: string) => void) => (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    event.stopPropagation();
    const frames = (event.key === 'ArrowLeft' ? -1 : 1) * (event.shiftKey ? 10 : 1);
    move(at + frames * props.frameSeconds, `nudge ${++drags.current}`);
  };
  const moveNeutral = (edge: 'start' | 'end') => (seconds: number, drag: string) =>
    props.onNeutralEdge(edge, seconds, drag);

  return (
    <div className="timeline" ref={track} onClick={({ clientX }) => props.onSeek(secondsAt(clientX))}>
      <div className="lane" role="list" aria-label={t.review.movements}>
        {props.movements.map((movement, index) => {
          const { start, end, code } = movement;
          const title = `${t.codes[code]}, ${formatTime(start)} – ${formatTime(end)}`;
          const moveEdge = (edge: 'start' | 'end') => (seconds: number, drag: string) =>
            props.onEdge(index, edge, seconds, drag);
          return (
            <div
              key={index}
              role="listitem"
              className={index === props.selected ? 'bar selected' : 'bar'}
              data-code={code}
              style={{ left: place(start), width: share(end - start) }}
            >
              <button
                type="button"
                className="bar-body"
                aria-label={title}
                aria-pressed={index === props.selected}
                title={title}
                onClick={(event) => {
                  event.stopPropagation();
                  props.onSelect(index);
                  props.onSeek(start);
                }}
                onKeyDown={(event) => {
                  if (isReadOnly) return;
                  if (event.key === 'Delete' || event.key === 'Backspace') props.onDelete(index);
                }}
              >
                {code}
              </button>
              {!isReadOnly && (
                <>
                  <Edge
                    name="start"
                    label={`${t.review.from}: ${title}`}
                    value={start}
                    span={props.span}
                    onDown={dragging(moveEdge('start'))}
                    onKey={nudging(start, moveEdge('start'))}
                  />
                  <Edge
                    name="end"
                    label={`${t.review.to}: ${title}`}
                    value={end}
                    span={props.span}
                    onDown={dragging(moveEdge('end'))}
                    onKey={nudging(end, moveEdge('end'))}
                  />
                </>
              )}
            </div>
          );
        })}
      </div>
      <div className="lane rest">
        {neutral !== null && (
          <div
            className="bar neutral"
            style={{ left: place(neutral.start), width: share(neutral.end - neutral.start) }}
          >
            <span className="bar-body">{t.review.neutral}</span>
            {!isReadOnly && (
              <>
                <Edge
                  name="start"
                  label={`${t.review.from}: ${t.review.neutral}`}
                  value={neutral.start}
                  span={props.span}
                  onDown={dragging(moveNeutral('start'))}
                  onKey={nudging(neutral.start, moveNeutral('start'))}
                />
                <Edge
                  name="end"
                  label={`${t.review.to}: ${t.review.neutral}`}
                  value={neutral.end}
                  span={props.span}
                  onDown={dragging(moveNeutral('end'))}
                  onKey={nudging(neutral.end, moveNeutral('end'))}
                />
              </>
            )}
          </div>
        )}
      </div>
      <div className="playhead" style={{ left: place(props.time) }} />
    </div>
  );
}

function Edge(props: {
  readonly name: 'start' | 'end';
  readonly label: string;
  readonly value: number;
  readonly span: VideoSpan;
  readonly onDown: (event: PointerEvent<HTMLElement>) => void;
  readonly onKey: (event: KeyboardEvent) => void;
}): ReactNode {
  return (
    <span
      className={`edge ${props.name}`}
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuemin={props.span.from}
      aria-valuemax={props.span.to}
      aria-valuenow={props.value}
      aria-valuetext={formatTime(props.value)}
      onPointerDown={props.onDown}
      onKeyDown={props.onKey}
      onClick={(event) => event.stopPropagation()}
    />
  );
}
