import type { ReactNode } from 'react';
import { formatTime, t } from '../i18n/messages.js';
import type { PlayerState, StepPlayer } from './step-player.js';

export const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2] as const;

/** Buttons, the frame number and the speed. */
export function Controls(props: {
  readonly player: StepPlayer | null;
  readonly state: PlayerState;
  readonly speed: number;
  readonly onSpeed: (speed: number) => void;
  readonly children?: ReactNode;
}): ReactNode {
  const { player, state } = props;
  const count = player?.frameCount ?? 0;
  return (
    <div className="controls">
      <button
        type="button"
        aria-label={`−1 ${t.review.stepBack}`}
        title={t.review.stepBack}
        onClick={() => player?.step(-1)}
      >
        −1
      </button>
      <button
        type="button"
        className="primary"
        data-playing={state.isPlaying}
        onClick={() => (state.isPlaying ? player?.pause() : player?.play())}
      >
        {state.isPlaying ? t.review.pause : t.review.play}
      </button>
      <button
        type="button"
        aria-label={`+1 ${t.review.stepForward}`}
        title={t.review.stepForward}
        onClick={() => player?.step(1)}
      >
        +1
      </button>
      <input
        type="range"
        className="scrub"
        aria-label={t.review.frame}
        min={0}
        max={Math.max(0, count - 1)}
        value={state.frame}
        onChange={({ target }) => {
          player?.pause();
          player?.show(Number(target.value));
        }}
      />
      <output className="frame-number" data-frame={state.frame}>
        {formatTime(player?.timeOf(state.frame) ?? 0)} · {t.review.frame} {state.frame + 1} / {count}
      </output>
      <label>
        {t.review.speed}{' '}
        <select value={props.speed} onChange={({ target }) => props.onSpeed(Number(target.value))}>
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}×
            </option>
          ))}
        </select>
      </label>
      {props.children}
    </div>
  );
}

/** The keys of the review: true if a key was one of them. */
export function playerKey(event: KeyboardEvent, player: StepPlayer): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case ' ':
      if (player.isPlaying) player.pause();
      else player.play();
      return true;
    case 'ArrowLeft':
      player.step(event.shiftKey ? -10 : -1);
      return true;
    case 'ArrowRight':
      player.step(event.shiftKey ? 10 : 1);
      return true;
    case 'Home':
      player.show(0);
      return true;
    case 'End':
      player.show(player.frameCount - 1);
      return true;
    case 'j':
    case 'J':
      player.play(-1);
      return true;
    case 'k':
    case 'K':
      player.pause();
      return true;
    case 'l':
    case 'L':
      player.play(1);
      return true;
    default:
      return false;
  }
}

/** Whether a key belongs to the field or button that has the focus. A button has no use for arrows and letters. */
export function isTyping({ target, key }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLButtonElement && key === ' ') ||
    (target instanceof HTMLInputElement && target.type !== 'checkbox')
  );
}
