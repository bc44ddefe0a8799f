import { lazy, Suspense, useEffect, useMemo, useState, type ComponentType, type ReactNode } from 'react';
import type { About, Backend, ScreenName } from './backend/backend.js';
import { isActive, type Job } from './backend/jobs.js';
import { t } from './i18n/messages.js';
import { StartScreen } from './screens/start.js';
import { ShellContext } from './shell/context.js';
import { useLoaded } from './shell/loaded.js';
import { Show } from './shell/parts.js';
import { addressOf, useRoute, type Route } from './shell/route.js';
import { THEMES, useTheme, type Theme } from './shell/theme.js';

/** Screens; all but the first are loaded when they are opened. */
const SCREENS: Readonly<Record<ScreenName, ComponentType<{ readonly route: Route }>>> = {
  start: StartScreen,
  queue: lazy(() => import('./screens/queue.js').then((module) => ({ default: module.QueueScreen }))),
  review: lazy(() => import('./screens/review.js').then((module) => ({ default: module.ReviewScreen }))),
  compare: lazy(() => import('./screens/compare.js').then((module) => ({ default: module.CompareScreen }))),
  report: lazy(() => import('./screens/report.js').then((module) => ({ default: module.ReportScreen }))),
  performance: lazy(() => import('./screens/report.js').then((module) => ({ default: module.PerformanceScreen }))),
  models: lazy(() => import('./screens/models.js').then((module) => ({ default: module.ModelsScreen }))),
  lens: lazy(() => import('./screens/lens.js').then((module) => ({ default: module.LensScreen }))),
};

/** The whole page. */
export function App({ backend }: { readonly backend: Backend }): ReactNode {
  const [about, again] = useLoaded('about', () => backend.about());
  return (
    <Show loaded={about} onRetry={again}>
      {(value) => <Page backend={backend} about={value} />}
    </Show>
  );
}

function Page({ backend, about }: { readonly backend: Backend; readonly about: About }): ReactNode {
  const asked = useRoute();
  const [first = 'review'] = about.screens;
  const route = about.screens.includes(asked.screen) ? asked : { screen: first, video: null };
  const jobs = useJobs(backend);
  const shell = useMemo(() => ({ backend, about, jobs }), [backend, about, jobs]);
  const Screen = SCREENS[route.screen];
  useEffect(() => {
    document.title = `${t.screens[route.screen]} – ${t.appName}`;
  }, [route.screen]);
  return (
    <ShellContext value={shell}>
      <a className="skip" href="#main" onClick={focusMain}>
        {t.skipToContent}
      </a>
      <header className="top">
        <span className="brand">{t.appName}</span>
        <Navigation screens={about.screens} route={route} active={jobs.filter(isActive).length} />
        <ThemeChoice />
      </header>
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<p className="placeholder">{t.loading}</p>}>
          <Screen route={route} key={route.screen} />
        </Suspense>
      </main>
      <footer className="bottom">
        <span>{t.intendedUse}</span>
        <span>
          {t.appName} {about.version}
        </span>
      </footer>
    </ShellContext>
  );
}

function Navigation(props: {
  readonly screens: readonly ScreenName[];
  readonly route: Route;
  readonly active: number;
}): ReactNode {
  return (
    <nav aria-label={t.appName}>
      {props.screens.map((screen) => (
        <a
          key={screen}
          href={addressOf(screen, keepsVideo(screen) ? props.route.video : null)}
          aria-current={screen === props.route.screen ? 'page' : undefined}
        >
          {t.screens[screen]}
          {screen === 'queue' && props.active > 0 && <span className="badge">{props.active}</span>}
        </a>
      ))}
    </nav>
  );
}

/** Screens about one video stay with it when the user goes from one to the other. */
function keepsVideo(screen: ScreenName): boolean {
  return screen === 'review' || screen === 'report' || screen === 'performance';
}

function ThemeChoice(): ReactNode {
  const [theme, setTheme] = useTheme();
  return (
    <label className="theme">
      <span className="visually-hidden">{t.theme.label}</span>
      <select value={theme} onChange={({ target }) => setTheme(target.value as Theme)}>
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {t.theme[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

function useJobs(backend: Backend): readonly Job[] {
  const [jobs, setJobs] = useState<readonly Job[]>([]);
  useEffect(() => backend.watchJobs(setJobs), [backend]);
  return jobs;
}

/** The fragment is the route, so the link must not change it. */
function focusMain(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
