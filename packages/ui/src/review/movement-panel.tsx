import { useState, type ReactNode } from 'react';
import { MOVEMENT_CODES, type Movement, type MovementCode, type NeutralStretch } from '../backend/review.js';
import { formatNumber, formatTime, t } from '../i18n/messages.js';
import { Failure } from '../shell/parts.js';
import type { History } from './history.js';
import { restAt, withCode, withNew, without, withSplit, type VideoSpan } from './movement-edit.js';

/** What a person edits in the review. */
export interface Examination {
  readonly movements: readonly Movement[];
  readonly neutral: NeutralStretch | null;
}

type SaveState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'saving' }
  | { readonly kind: 'saved' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Buttons to change the movements, and the one that is selected. */
export function MovementPanel(props: {
  readonly history: History<Examination>;
  readonly selected: number | null;
  /** Where the player is, in seconds. */
  readonly time: number;
  readonly span: VideoSpan;
  readonly onSelect: (index: number | null) => void;
  /** Saves; with true, movements are proposed again instead. */
  readonly onSave: (isProposedAnew: boolean) => Promise<void>;
}): ReactNode {
  const { history, selected, time, span, onSelect } = props;
  const [save, setSave] = useState<SaveState>({ kind: 'idle' });
  const { movements } = history.value;
  const movement = selected === null ? undefined : movements[selected];
  const change = (changed: readonly Movement[]): void => {
    if (changed !== movements) history.change({ ...history.value, movements: changed });
  };
  const add = (): void => {
    const changed = withNew(movements, time, span);
    change(changed);
    if (changed !== movements) onSelect(changed.findIndex((each) => each.start === time));
  };
  const { neutral } = history.value;
  const onSave = (isProposedAnew: boolean): void => {
    setSave({ kind: 'saving' });
    props.onSave(isProposedAnew).then(
      () => setSave({ kind: 'saved' }),
      (error: unknown) => setSave({ kind: 'failed', error }),
    );
  };
  return (
    <div className="movement-panel">
      <div className="row wrap">
        <button type="button" onClick={add}>
          {t.review.add}
        </button>
        <button
          type="button"
          disabled={selected === null}
          onClick={() => selected !== null && change(withSplit(movements, selected, time))}
        >
          {t.review.split}
        </button>
        <button
          type="button"
          disabled={selected === null}
          onClick={() => {
            if (selected !== null) change(without(movements, selected));
            onSelect(null);
          }}
        >
          {t.review.delete}
        </button>
        <button type="button" disabled={!history.canUndo} onClick={history.undo}>
          {t.actions.undo}
        </button>
        <button type="button" disabled={!history.canRedo} onClick={history.redo}>
          {t.actions.redo}
        </button>
        <button
          type="button"
          className="primary"
          disabled={!history.isChanged || save.kind === 'saving'}
          onClick={() => onSave(false)}
        >
          {t.actions.save}
        </button>
        <button
          type="button"
          disabled={save.kind === 'saving'}
          title={t.review.proposeHelp}
          onClick={() => {
            onSelect(null);
            onSave(true);
          }}
        >
          {t.review.propose}
        </button>
        <span className="help" aria-live="polite" data-save={history.isChanged ? 'unsaved' : save.kind}>
          {save.kind === 'saving'
            ? t.review.saving
            : history.isChanged
              ? t.review.unsaved
              : save.kind === 'saved'
                ? t.review.saved
                : ''}
        </span>
      </div>
      {save.kind === 'failed' && <Failure error={save.error} />}
      {movement !== undefined && selected !== null && (
        <div className="row wrap selected-movement">
          <label>
            {t.review.code}{' '}
            <select
              value={movement.code}
              onChange={({ target }) => change(withCode(movements, selected, target.value as MovementCode))}
            >
              {MOVEMENT_CODES.map((code) => (
                <option key={code} value={code}>
                  {code} – {t.codes[code]}
                </option>
              ))}
            </select>
          </label>
          <span>
            {t.review.from} {formatTime(movement.start)} {t.review.to} {formatTime(movement.end)}
          </span>
          <span className="help">
            {t.review.source[movement.source]}
            {movement.confidence !== null && `, ${t.review.confidence} ${formatNumber(movement.confidence, 2)}`}
          </span>
        </div>
      )}
      <div className="row wrap">
        <button
          type="button"
          title={t.review.neutralHelp}
          disabled={neutral === null}
          onClick={() => history.change({ ...history.value, neutral: restAt(time, span) })}
        >
          {t.review.restHere}
        </button>
        <button
          type="button"
          disabled={neutral?.isChosen !== true}
          onClick={() =>
            neutral !== null && history.change({ ...history.value, neutral: { ...neutral, isChosen: false } })
          }
        >
          {t.review.calmestSecond}
        </button>
        <span className="help">
          {neutral === null
            ? ''
            : `${t.review.neutral}: ${formatTime(neutral.start)} – ${formatTime(neutral.end)} (${
                neutral.isChosen ? t.review.restChosen : t.review.restFound
              })`}
        </span>
      </div>
      {movements.length === 0 && <p className="help">{t.review.noMovements}</p>}
    </div>
  );
}
