import type { ReactNode } from 'react';
import type { ScreenName } from '../backend/backend.js';
import { videosOf } from '../backend/library.js';
import { t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Empty, Show } from '../shell/parts.js';
import { addressOf } from '../shell/route.js';

/** A list of the videos that have results, for screens that are about one. */
export function VideoChoice({ screen, title }: { readonly screen: ScreenName; readonly title: string }): ReactNode {
  const { backend, jobs } = useShell();
  const done = jobs.filter((job) => job.state.kind === 'done').length;
  const [library, again] = useLoaded(`library ${done}`, () => backend.library());
  return (
    <section>
      <h1>{t.screens[screen]}</h1>
      <Show loaded={library} onRetry={again}>
        {(value) => {
          const videos = videosOf(value).filter(({ video }) => video.hasResults);
          if (videos.length === 0)
            return (
              <Empty>
                <p>{t.review.none}</p>
                <a className="button" href={addressOf('start')}>
                  {t.start.title}
                </a>
              </Empty>
            );
          return (
            <>
              <p>{title}</p>
              <ul className="cards">
                {videos.map(({ subject, visit, video }) => (
                  <li key={video.id}>
                    <a className="card" href={addressOf(screen, video.id)}>
                      <strong>{video.name}</strong>
                      <span>
                        {subject} · {visit}
                      </span>
                    </a>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Show>
    </section>
  );
}
