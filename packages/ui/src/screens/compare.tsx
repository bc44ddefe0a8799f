import { useMemo, useRef, useState, type ReactNode } from 'react';
import type { Comparison } from '../backend/backend.js';
import { videosOf } from '../backend/library.js';
import type { MovementCode, ReviewFiles } from '../backend/review.js';
import { t } from '../i18n/messages.js';
import { Controls } from '../player/controls.js';
import { PlayerView } from '../player/player-view.js';
import type { PlayerState, StepPlayer } from '../player/step-player.js';
import { movementsOf } from '../review/movement-table.js';
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
        <>
          <SideBySide visits={answer.visits} />
          <h2>{t.compare.table}</h2>
          {answer.comparison.notes.map((note) => (
            <p key={note} className="help">
              {note}
            </p>
          ))}
          <DataTable columns={answer.comparison.columns} rows={answer.comparison.rows} label={t.compare.table} />
        </>
      )}
    </section>
  );
}

/** Each visit's original from the start of the same movement on. */
function SideBySide({ visits }: { readonly visits: readonly ReviewFiles[] }): ReactNode {
  const players = useRef<(StepPlayer | null)[]>([]);
  const [leader, setLeader] = useState<StepPlayer | null>(null);
  const [states, setStates] = useState<readonly PlayerState[]>([]);
  const [speed, setSpeed] = useState(1);
  const [code, setCode] = useState<MovementCode | null>(null);
  const movements = useMemo(() => visits.map(({ tables }) => movementsOf(tables.movements)), [visits]);
  const codes = useMemo(() => sharedCodes(movements.map((list) => list.map((movement) => movement.code))), [movements]);
  const goToMovement = (chosen: MovementCode): void => {
    setCode(chosen);
    movements.forEach((list, index) => {
      const movement = list.find((each) => each.code === chosen);
      const player = players.current[index];
      if (movement === undefined || player === null || player === undefined) return;
      player.pause();
      player.loop = { first: player.frameAt(movement.start), last: player.frameAt(movement.end) };
      player.show(player.frameAt(movement.start));
    });
  };
  const state = states[0] ?? { frame: 0, isPlaying: false };
  const onStates = useMemo(
    () =>
      visits.map((_, index) => (next: PlayerState) => {
        setStates((before) => visits.map((__, at) => (at === index ? next : (before[at] ?? next))));
        // Whatever the first one does, the others do: offsets to their own start are kept.
        const first = players.current[0];
        if (index !== 0 || first === null || first === undefined) return;
        players.current.slice(1).forEach((player) => {
          if (player === null) return;
          if (first.isPlaying && !player.isPlaying) player.play();
          if (!first.isPlaying && player.isPlaying) player.pause();
        });
      }),
    [visits],
  );
  const onPlayers = useMemo(
    () =>
      visits.map((_, index) => (player: StepPlayer | null) => {
        players.current[index] = player;
        if (index === 0) setLeader(player);
      }),
    [visits],
  );
  return (
    <div className="side-by-side">
      <label>
        {t.compare.movement}{' '}
        <select value={code ?? ''} onChange={({ target }) => goToMovement(target.value as MovementCode)}>
          <option value="" disabled>
            –
          </option>
          {codes.map((each) => (
            <option key={each} value={each}>
              {each} – {t.codes[each]}
            </option>
          ))}
        </select>
      </label>
      <div className="visit-players">
        {visits.map((visit, index) => (
          <PlayerView
            key={visit.video}
            onPlayer={onPlayers[index] ?? ignore}
            views={visit.videos
              .filter(({ kind }) => kind === 'original')
              .map(({ address, proxyAddress }) => ({
                title: visit.title,
                addresses: proxyAddress === null ? [address] : [address, proxyAddress],
              }))}
            onState={onStates[index] ?? ignore}
          />
        ))}
      </div>
      <Controls
        player={leader}
        state={state}
        speed={speed}
        onSpeed={(chosen) => {
          setSpeed(chosen);
          for (const player of players.current) if (player !== null) player.speed = chosen;
        }}
      />
    </div>
  );
}

function ignore(): void {
  return undefined;
}

function sharedCodes(lists: readonly (readonly MovementCode[])[]): readonly MovementCode[] {
  const [first = [], ...rest] = lists;
  return [...new Set(first)].filter((code) => rest.every((list) => list.includes(code)));
}
