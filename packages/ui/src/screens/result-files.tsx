import { useState, type ReactNode } from 'react';
import type { ResultAccess } from '../backend/results.js';
import { formatNumber, t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Failure, Progress, Show } from '../shell/parts.js';

/** The results of a video to save: one by one, as a zip, or into a folder. Nothing where they lie in a folder already. */
export function ResultFiles({ video }: { readonly video: string }): ReactNode {
  const { backend } = useShell();
  const { results } = backend;
  if (results === undefined) return null;
  return <Files results={results} video={video} zip={backend.zipAddress(video)} />;
}

function Files(props: { readonly results: ResultAccess; readonly video: string; readonly zip: string }): ReactNode {
  const { results, video } = props;
  const { saveToFolder } = results;
  const [files, again] = useLoaded(`results ${video}`, () => results.files(video));
  const [saved, setSaved] = useState<number | string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const save = async (write: NonNullable<typeof saveToFolder>): Promise<void> => {
    setFailure(null);
    try {
      setSaved(await write(video, setSaved));
    } catch (error) {
      setSaved(null);
      setFailure(error);
    }
  };
  return (
    <details className="results" open>
      <summary>{t.results.title}</summary>
      <p className="help">{t.results.help}</p>
      <div className="row">
        <a className="button primary" href={props.zip}>
          {t.results.zip}
        </a>
        {saveToFolder !== null && (
          <button type="button" onClick={() => void save(saveToFolder)} disabled={typeof saved === 'number'}>
            {t.results.folder}
          </button>
        )}
        {typeof saved === 'number' && <Progress value={saved} label={t.results.folder} />}
        {typeof saved === 'string' && (
          <span role="status">
            {t.results.saved} {saved}
          </span>
        )}
      </div>
      {failure !== null && <Failure error={failure} />}
      <Show loaded={files} onRetry={again}>
        {(value) => (
          <ul>
            {value.map(({ name, bytes, address }) => (
              <li key={name}>
                <a href={address}>{name}</a> <span className="help">{formatNumber(bytes / 1000, 1)} kB</span>
              </li>
            ))}
          </ul>
        )}
      </Show>
    </details>
  );
}
