import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { ReviewFiles } from '../backend/review.js';
import { CurveChart } from '../charts/curve-chart.js';
import { t } from '../i18n/messages.js';
import { Controls, isTyping, playerKey } from '../player/controls.js';
import { PlayerView, type View } from '../player/player-view.js';
import type { PlayerState, StepPlayer } from '../player/step-player.js';
import { parseCsv } from '../review/csv.js';
import { curvesOf, FIRST_CURVES, nearest } from '../review/curves.js';
import { useHistory } from '../review/history.js';
import { withEdge, without, withRestEdge } from '../review/movement-edit.js';
import { MovementPanel, type Examination } from '../review/movement-panel.js';
import { movementsOf } from '../review/movement-table.js';
import { Timeline } from '../review/timeline.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Show } from '../shell/parts.js';
import type { Route } from '../shell/route.js';
import { DataTable } from './data-table.js';
import { ResultFiles } from './result-files.js';
import { VideoChoice } from './video-choice.js';

/** Original and both mirrored faces in step, with curves and movements. */
export function ReviewScreen({ route }: { readonly route: Route }): ReactNode {
  if (route.video === null) return <VideoChoice screen="review" title={t.review.pick} />;
  return <OneVideo key={route.video} video={route.video} />;
}

function OneVideo({ video }: { readonly video: string }): ReactNode {
  const { backend } = useShell();
  const [files, again] = useLoaded(`review ${video}`, () => backend.reviewFiles(video));
  return (
    <Show loaded={files} onRetry={again}>
      {(value) => <Review first={value} />}
    </Show>
  );
}

function Review({ first }: { readonly first: ReviewFiles }): ReactNode {
  const { backend, about } = useShell();
  const [files, setFiles] = useState(first);
  const curves = useMemo(() => curvesOf(files), [files]);
  const history = useHistory<Examination>(useMemo(() => examinationOf(first), [first]));
  const [state, setState] = useState<PlayerState>({ frame: 0, isPlaying: false });
  const [speed, setSpeed] = useState(1);
  const [selected, setSelected] = useState<number | null>(null);
  const [isLooping, setLooping] = useState(false);
  const [names, setNames] = useState<readonly string[]>(() => firstNames(curves.curves.map(({ name }) => name)));
  const [player, setPlayer] = useState<StepPlayer | null>(null);
  const views = useMemo(() => viewsOf(files), [files.videos]);
  const { movements, neutral } = history.value;
  const { times } = curves;
  const span = useMemo(() => ({ from: times[0] ?? 0, to: times.at(-1) ?? 0 }), [times]);
  const time = times[state.frame] ?? span.from;
  const seek = useCallback((frame: number): void => player?.show(frame), [player]);
  const seekTime = (seconds: number): void => player?.show(nearest(times, seconds));

  useEffect(() => {
    if (player !== null) player.speed = speed;
  }, [player, speed]);
  const looped = isLooping && selected !== null ? movements[selected] : undefined;
  useEffect(() => {
    if (player !== null)
      player.loop =
        looped === undefined ? null : { first: nearest(times, looped.start), last: nearest(times, looped.end) };
  }, [player, looped, times]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event)) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
        event.preventDefault();
        if (event.shiftKey) history.redo();
        else history.undo();
      } else if (player !== null && playerKey(event, player)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [history, player]);

  const save = async (isProposedAnew: boolean): Promise<void> => {
    const { movements: given, neutral: rest } = history.value;
    const saved = await backend.saveExamination(files.video, {
      movements: isProposedAnew ? null : given,
      neutral: rest?.isChosen === true ? { start: rest.start, end: rest.end } : null,
    });
    history.saved(examinationOf(saved));
    setFiles({ ...saved, videos: files.videos });
  };
  const remove = (index: number): void => {
    history.change({ ...history.value, movements: without(movements, index) });
    setSelected(null);
  };
  return (
    <section className="review">
      <h1>{files.title}</h1>
      <PlayerView views={views} onState={setState} onPlayer={setPlayer} />
      <Controls player={player} state={state} speed={speed} onSpeed={setSpeed}>
        <label>
          <input
            type="checkbox"
            checked={isLooping}
            disabled={selected === null}
            onChange={({ target }) => setLooping(target.checked)}
          />{' '}
          {t.review.loop}
        </label>
      </Controls>
      <p className="help">{t.review.keys}</p>
      <div className="with-axis">
        <Timeline
          movements={movements}
          neutral={neutral}
          span={span}
          isReadOnly={!about.canEdit}
          time={time}
          frameSeconds={times.length > 1 ? (span.to - span.from) / (times.length - 1) : 1 / 30}
          selected={selected}
          onSelect={setSelected}
          onSeek={seekTime}
          onDelete={remove}
          onEdge={(index, edge, seconds, drag) =>
            history.change({ ...history.value, movements: withEdge(movements, index, edge, seconds, span) }, drag)
          }
          onNeutralEdge={(edge, seconds, drag) =>
            neutral !== null &&
            history.change({ ...history.value, neutral: withRestEdge(neutral, edge, seconds, span) }, drag)
          }
        />
      </div>
      {!about.canEdit ? (
        <p className="help">{t.review.readOnly}</p>
      ) : (
        <MovementPanel
          history={history}
          selected={selected}
          time={time}
          span={span}
          onSelect={setSelected}
          onSave={save}
        />
      )}
      <CurveChoice all={curves.curves.map(({ name }) => name)} shown={names} onChange={setNames} />
      {curves.excluded.some((reason) => reason !== '') && (
        <p className="help">
          <span className="swatch excluded" /> {t.review.excluded}: {reasonsOf(curves.excluded).join(', ')}
          {curves.excluded[state.frame] !== '' && ` (${t.review.frame}: ${curves.excluded[state.frame] ?? ''})`}
        </p>
      )}
      {curves.curves
        .filter(({ name }) => names.includes(name))
        .map((curve) => (
          <CurveChart
            key={curve.name}
            curve={curve}
            times={times}
            excluded={curves.excluded}
            frame={state.frame}
            onSeek={seek}
          />
        ))}
      <ByMovement csv={files.tables.byMovement} />
      <ResultFiles video={files.video} />
      {files.warnings.length > 0 && (
        <ul className="notices">
          {files.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function ByMovement({ csv }: { readonly csv: string | undefined }): ReactNode {
  const table = useMemo(() => (csv === undefined ? null : parseCsv(csv)), [csv]);
  if (table === null || table.rows.length === 0) return null;
  const rows = table.rows.map((row) =>
    row.map((cell) => (cell === '' ? null : Number.isNaN(Number(cell)) ? cell : Number(cell))),
  );
  return (
    <details className="by-movement" open>
      <summary>{t.review.byMovement}</summary>
      <DataTable columns={table.columns} rows={rows} label={t.review.byMovement} />
    </details>
  );
}

function CurveChoice(props: {
  readonly all: readonly string[];
  readonly shown: readonly string[];
  readonly onChange: (names: readonly string[]) => void;
}): ReactNode {
  return (
    <details className="curve-choice">
      <summary>{t.review.addCurve}</summary>
      <div className="row wrap">
        {props.all.map((name) => (
          <label key={name} className="chip-choice">
            <input
              type="checkbox"
              checked={props.shown.includes(name)}
              onChange={({ target }) =>
                props.onChange(target.checked ? [...props.shown, name] : props.shown.filter((shown) => shown !== name))
              }
            />{' '}
            {name.replaceAll('_', ' ')}
          </label>
        ))}
      </div>
    </details>
  );
}

function examinationOf(files: ReviewFiles): Examination {
  return { movements: movementsOf(files.tables.movements), neutral: files.neutral };
}

function firstNames(all: readonly string[]): readonly string[] {
  const preferred = FIRST_CURVES.filter((name) => all.includes(name));
  return preferred.length > 0 ? preferred : all.slice(0, 3);
}

function viewsOf({ videos }: ReviewFiles): readonly View[] {
  return videos.map(({ kind, address, proxyAddress }) => ({
    title: t.review[kind],
    addresses: proxyAddress === null ? [address] : [address, proxyAddress],
  }));
}

function reasonsOf(excluded: readonly string[]): readonly string[] {
  return [...new Set(excluded.filter((reason) => reason !== ''))];
}
