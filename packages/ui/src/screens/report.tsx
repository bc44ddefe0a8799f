import { useRef, type ReactNode } from 'react';
import { t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Empty, Show } from '../shell/parts.js';
import type { Route } from '../shell/route.js';
import { VideoChoice } from './video-choice.js';

/** The examination report of a video. */
export function ReportScreen({ route }: { readonly route: Route }): ReactNode {
  if (route.video === null) return <VideoChoice screen="report" title={t.report.pick} />;
  return <ReportPage key={route.video} video={route.video} kind="examination" />;
}

/** Where the time and memory of a run went. */
export function PerformanceScreen({ route }: { readonly route: Route }): ReactNode {
  if (route.video === null) return <VideoChoice screen="performance" title={t.report.pick} />;
  return <ReportPage key={route.video} video={route.video} kind="performance" />;
}

function ReportPage({
  video,
  kind,
}: {
  readonly video: string;
  readonly kind: 'examination' | 'performance';
}): ReactNode {
  const { backend } = useShell();
  const [address, again] = useLoaded(`${kind} ${video}`, () => backend.reportAddress(video, kind));
  const frame = useRef<HTMLIFrameElement>(null);
  const title = kind === 'examination' ? t.screens.report : t.screens.performance;
  return (
    <section className="report">
      <div className="row spread">
        <h1>{title}</h1>
        <div className="row">
          {kind === 'examination' && (
            <button type="button" onClick={() => frame.current?.contentWindow?.print()}>
              {t.actions.print}
            </button>
          )}
          <a className="button" href={backend.zipAddress(video)}>
            {t.report.zip}
          </a>
        </div>
      </div>
      <Show loaded={address} onRetry={again}>
        {(value) =>
          value === null ? (
            <Empty>
              <p>{kind === 'examination' ? t.report.none : t.performance.none}</p>
            </Empty>
          ) : (
            <iframe
              ref={frame}
              title={title}
              src={value}
              // The examination report holds no script; printing it needs this page's origin. The performance report
              // has one.
              sandbox={kind === 'examination' ? 'allow-same-origin allow-modals' : 'allow-scripts'}
            />
          )
        }
      </Show>
    </section>
  );
}
