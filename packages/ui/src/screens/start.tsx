import { useId, useRef, useState, type DragEvent, type SubmitEvent, type ReactNode } from 'react';
import { AFFECTED, videosOf, type Affected } from '../backend/library.js';
import { formatDate, t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Empty, Failure, Field, Progress, Show } from '../shell/parts.js';
import { addressOf, goTo } from '../shell/route.js';
import { CameraRecorder } from './camera-recorder.js';
import { defaultsOf, SettingInput, type SettingValues } from './setting-input.js';

/** Settings that most users decide; the rest is under "more". */
const MAIN_SETTINGS: ReadonlySet<string> = new Set(['camera', 'suite', 'iris']);

/** Adds a video and begins its job. */
export function StartScreen(): ReactNode {
  const { backend, about, jobs } = useShell();
  const done = jobs.filter((job) => job.state.kind === 'done').length;
  const [library, again] = useLoaded(`library ${done} ${jobs.length}`, () => backend.library());
  const [file, setFile] = useState<File | null>(null);
  const [subject, setSubject] = useState('');
  const [visit, setVisit] = useState(() => new Date().toISOString().slice(0, 10));
  const [affected, setAffected] = useState<Affected>('unknown');
  const [settings, setSettings] = useState<SettingValues>(() => defaultsOf(about.settings));
  const [sent, setSent] = useState<number | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  const subjects = useId();

  const begin = async (side: Affected, makeVideo: () => Promise<string>): Promise<void> => {
    setFailure(null);
    try {
      const video = await makeVideo();
      await backend.startJob({ video, settings: { ...settings, affected: side === 'unknown' ? 'auto' : side } });
      goTo('queue');
    } catch (error) {
      setFailure(error);
    } finally {
      setSent(null);
      stop.current = null;
    }
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (file === null) return setFailure(new Error(t.start.noFile));
    const aborter = new AbortController();
    stop.current = aborter;
    setSent(0);
    const place = { subject: subject.trim() || 'unnamed', visit: visit.trim() || 'visit', affected };
    void begin(affected, () => backend.addVideo(file, place, setSent, aborter.signal));
  };

  const change = (name: string, value: SettingValues[string]): void => setSettings({ ...settings, [name]: value });
  const shown = about.settings.filter(({ name }) => MAIN_SETTINGS.has(name));
  // The affected side has a field of its own, as it is kept with the video.
  const more = about.settings.filter(({ name }) => !MAIN_SETTINGS.has(name) && name !== 'affected');
  return (
    <div className="start">
      <form onSubmit={submit}>
        <h1>{t.start.title}</h1>
        <DropZone file={file} onFile={setFile} />
        <div className="row">
          <CameraRecorder onVideo={setFile} />
          <button type="button" onClick={() => void begin('left', () => backend.addDemo())} title={t.start.demoHelp}>
            {t.start.demo}
          </button>
        </div>
        <div className="fields">
          <Field label={t.start.subject} help={t.start.subjectHelp}>
            <input value={subject} onChange={({ target }) => setSubject(target.value)} list={subjects} maxLength={80} />
          </Field>
          <datalist id={subjects}>
            {library.kind === 'ready' && library.value.subjects.map(({ name }) => <option key={name} value={name} />)}
          </datalist>
          <Field label={t.start.visit} help={t.start.visitHelp}>
            <input value={visit} onChange={({ target }) => setVisit(target.value)} maxLength={80} />
          </Field>
          <Field label={t.start.affected}>
            <select value={affected} onChange={({ target }) => setAffected(target.value as Affected)}>
              {AFFECTED.map((each) => (
                <option key={each} value={each}>
                  {t.start.affectedChoices[each]}
                </option>
              ))}
            </select>
          </Field>
          {shown.map((field) => (
            <SettingInput key={field.name} field={field} value={settings[field.name] ?? null} onChange={change} />
          ))}
        </div>
        <details>
          <summary>{t.start.more}</summary>
          <div className="fields">
            {more.map((field) => (
              <SettingInput key={field.name} field={field} value={settings[field.name] ?? null} onChange={change} />
            ))}
          </div>
        </details>
        {failure !== null && <Failure error={failure} />}
        {sent === null ? (
          <button type="submit" className="primary">
            {t.start.begin}
          </button>
        ) : (
          <div className="row" aria-live="polite">
            <Progress value={sent} label={t.start.uploading} />
            <button type="button" onClick={() => stop.current?.abort()}>
              {t.actions.cancel}
            </button>
          </div>
        )}
        <p className="help">
          {t.start.placeHelp} {about.libraryPlace}
        </p>
      </form>
      <section aria-labelledby="library">
        <h2 id="library">{t.start.library}</h2>
        <Show loaded={library} onRetry={again}>
          {(value) =>
            value.subjects.length === 0 ? (
              <Empty>
                <p>{t.start.libraryEmpty}</p>
              </Empty>
            ) : (
              <ul className="cards">
                {videosOf(value).map(({ subject: name, visit: when, video }) => (
                  <li key={video.id} className="card">
                    <strong>{video.name}</strong>
                    <span>
                      {name} · {when}
                    </span>
                    {video.finishedAt !== null && <span className="help">{formatDate(video.finishedAt)}</span>}
                    <span className="row">
                      {video.hasResults ? (
                        <a className="button" href={addressOf('review', video.id)}>
                          {t.actions.review}
                        </a>
                      ) : (
                        <button
                          type="button"
                          onClick={() => void begin(video.affected, () => Promise.resolve(video.id))}
                        >
                          {t.start.begin}
                        </button>
                      )}
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </Show>
      </section>
    </div>
  );
}

function DropZone(props: { readonly file: File | null; readonly onFile: (file: File) => void }): ReactNode {
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    if (dropped !== undefined) props.onFile(dropped);
  };
  return (
    <label
      className={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <span className="drop-text">{props.file === null ? t.start.drop : props.file.name}</span>
      <input
        type="file"
        accept="video/*,.mkv,.mts,.m2ts,.mxf,image/jpeg,image/png"
        aria-label={t.start.choose}
        onChange={({ target }) => {
          const chosen = target.files?.[0];
          if (chosen !== undefined) props.onFile(chosen);
        }}
      />
    </label>
  );
}
