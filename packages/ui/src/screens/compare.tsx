import { useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Comparison } from '../backend/backend.js';
import { videosOf } from '../backend/library.js';
import type { MovementCode, ReviewFiles } from '../backend/review.js';
import { formatTime, t } from '../i18n/messages.js';
import { Controls, isTyping, playerKey } from '../player/controls.js';
import { PlayerView, type View } from '../player/player-view.js';
import type { PlayerState, StepPlayer } from '../player/step-player.js';
import { sharedCodes, timedVisit, visitClock } from '../review/visit-clock.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Empty, Failure, Show } from '../shell/parts.js';
import { addressOf } from '../shell/route.js';
import { DataTable } from './data-table.js';

type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'working' }
  | { readonly kind: 'ready'; readonly comparison: Comparison; readonly visits: readonly ReviewFiles[] }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Two or more visits, the same movement side by side. */
export function CompareScreen(): ReactNode {
  const { backend } = useShell();
  const [library, again] = useLoaded('compare library', () => backend.library());
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [answer, setAnswer] = useState<Answer>({ kind: 'none' });
  const run = (): void => {
    setAnswer({ kind: 'working' });
    Promise.all([backend.compare(chosen), Promise.all(chosen.map((video) => backend.reviewFiles(video)))]).then(
      ([comparison, visits]) => setAnswer({ kind: 'ready', comparison, visits }),
      (error: unknown) => setAnswer({ kind: 'failed', error }),
    );
  };
  return (
    <section className="compare">
      <h1>{t.compare.title}</h1>
      <Show loaded={library} onRetry={again}>
        {(value) => {
          const videos = videosOf(value).filter(({ video }) => video.hasResults);
          if (videos.length < 2)
            return (
              <Empty>
                <p>{t.compare.needTwo}</p>
                <a className="button" href={addressOf('start')}>
                  {t.start.title}
                </a>
              </Empty>
            );
          return (
            <fieldset>
              <legend>{t.compare.pick}</legend>
              {videos.map(({ subject, visit, video }) => (
                <label key={video.id} className="choice">
                  <input
                    type="checkbox"
                    checked={chosen.includes(video.id)}
                    onChange={({ target }) =>
                      setChosen(target.checked ? [...chosen, video.id] : chosen.filter((id) => id !== video.id))
                    }
                  />{' '}
                  {subject} · {visit} · {video.name}
                </label>
              ))}
              <button type="button" className="primary" disabled={chosen.length < 2} onClick={run}>
                {t.compare.run}
              </button>
            </fieldset>
          );
        }}
      </Show>
      {answer.kind === 'failed' && <Failure error={answer.error} />}
      {answer.kind === 'working' && <p className="placeholder">{t.loading}</p>}
      {answer.kind === 'ready' && (
        <Visits
          key={answer.visits.map(({ video }) => video).join()}
          visits={answer.visits}
          comparison={answer.comparison}
        />
      )}
    </section>
  );
}

/** The visits' originals in step, from the start of the same movement on, and what changed. */
function Visits(props: { readonly visits: readonly ReviewFiles[]; readonly comparison: Comparison }): ReactNode {
  const { visits, comparison } = props;
  const timed = useMemo(() => visits.map(timedVisit), [visits]);
  const codes = useMemo(() => sharedCodes(timed), [timed]);
  const [code, setCode] = useState<MovementCode | null>(codes[0] ?? null);
  const clock = useMemo(() => visitClock(timed, code), [timed, code]);
  const [player, setPlayer] = useState<StepPlayer | null>(null);
  const [state, setState] = useState<PlayerState>({ frame: 0, isPlaying: false });
  const [speed, setSpeed] = useState(1);
  const views = useMemo(() => visits.map(viewOf), [visits]);

  useEffect(() => {
    if (player === null) return;
    player.follow(clock, clock.start);
    if (clock.end !== null) player.loop = { first: clock.start, last: clock.end };
  }, [player, clock]);
  useEffect(() => {
    if (player !== null) player.speed = speed;
  }, [player, speed]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (player !== null && !isTyping(event) && playerKey(event, player)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [player]);

  const ofCode = comparison.columns.indexOf('code');
  const rowsOf = (wanted: MovementCode | null): Comparison['rows'] =>
    comparison.rows.filter((row) => row[ofCode] === wanted);
  const rows = code === null ? comparison.rows : [...rowsOf(code), ...rowsOf(null)];
  return (
    <div className="side-by-side">
      <label>
        {t.compare.movement}{' '}
        <select
          value={code ?? ''}
          onChange={({ target }) => setCode(codes.find((each) => each === target.value) ?? null)}
        >
          <option value="">{t.compare.whole}</option>
          {codes.map((each) => (
            <option key={each} value={each}>
              {each} – {t.codes[each]}
            </option>
          ))}
        </select>
      </label>
      <PlayerView views={views} onState={setState} onPlayer={setPlayer} />
      <ul className="visit-times">
        {visits.map(({ video }, index) => {
          const frame = clock.frames[index]?.[state.frame] ?? 0;
          return (
            <li key={video} data-frame={frame}>
              {formatTime(timed[index]?.times[frame] ?? 0)} · {t.review.frame} {frame + 1}
            </li>
          );
        })}
      </ul>
      <Controls player={player} state={state} speed={speed} onSpeed={setSpeed} />
      <p className="help">{t.compare.keys}</p>
      <h2>{code === null ? t.compare.table : `${t.compare.table}: ${t.codes[code]}${t.compare.andRest}`}</h2>
      {comparison.notes.map((note) => (
        <p key={note} className="help">
          {note}
        </p>
      ))}
      <DataTable columns={comparison.columns} rows={rows} label={t.compare.table} />
    </div>
  );
}

function viewOf({ title, videos }: ReviewFiles): View {
  const shown = videos.find(({ kind }) => kind === 'original');
  const addresses = shown === undefined ? [] : [shown.address, shown.proxyAddress].filter((each) => each !== null);
  return { title, addresses };
}
