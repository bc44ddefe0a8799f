import { useState, type ReactNode } from 'react';
import type { SuiteModels } from '../backend/models.js';
import { formatNumber, t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { useLoaded } from '../shell/loaded.js';
import { Failure, Progress, Show } from '../shell/parts.js';

/** Which model files there are, and how to get the rest. */
export function ModelsScreen(): ReactNode {
  const { backend } = useShell();
  const [models, again] = useLoaded('models', () => backend.models());
  const [sentence, setSentence] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [progress, setProgress] = useState<number | null>(null);
  const act = (action: Promise<string | null>): void => {
    setFailure(null);
    setSentence(null);
    action
      .then(setSentence, setFailure)
      .finally(() => {
        setProgress(null);
        again();
      })
      .catch(setFailure);
  };
  const verify = async (): Promise<string> => {
    const damaged = await backend.verifyModels();
    return damaged.length === 0 ? t.models.verified : `${t.models.damaged}: ${damaged.join(', ')}`;
  };
  return (
    <section>
      <h1>{t.models.title}</h1>
      <div className="row">
        <button type="button" onClick={() => act(verify())}>
          {t.models.verify}
        </button>
        <label className="button">
          {t.models.import}
          <input
            type="file"
            className="visually-hidden"
            onChange={({ target }) => {
              const file = target.files?.[0];
              if (file !== undefined) act(backend.importModel(file, setProgress));
            }}
          />
        </label>
      </div>
      <div aria-live="polite">
        {progress !== null && <Progress value={progress} label={t.models.import} />}
        {sentence !== null && <p className="notice">{sentence}</p>}
      </div>
      {failure !== null && <Failure error={failure} />}
      <Show loaded={models} onRetry={again}>
        {(suites) =>
          suites.map((suite) => (
            <SuiteCard
              key={suite.suite}
              suite={suite}
              onPull={(accepted) => act(backend.pullModels(suite.suite, accepted, setProgress).then(() => null))}
            />
          ))
        }
      </Show>
    </section>
  );
}

function SuiteCard({
  suite,
  onPull,
}: {
  readonly suite: SuiteModels;
  readonly onPull: (licenceAccepted: boolean) => void;
}): ReactNode {
  const [accepted, setAccepted] = useState(suite.licenceToAccept === null);
  const isWhole = suite.files.every(({ state }) => state === 'present');
  return (
    <article className="suite">
      <h2>
        {suite.suite} <small>{suite.title}</small>
      </h2>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={suite.suite}>
        <table>
          <tbody>
            {suite.files.map((file) => (
              <tr key={file.name}>
                <th scope="row">{file.name}</th>
                <td>{file.purpose}</td>
                <td>
                  <a href={file.licenceUrl} target="_blank" rel="noreferrer">
                    {file.licence}
                  </a>
                </td>
                <td className="number">{file.bytes === null ? '' : `${formatNumber(file.bytes / 1e6, 1)} MB`}</td>
                <td>
                  <span className={`chip ${file.state}`}>{t.models[file.state]}</span>
                  {file.optional && ` (${t.models.optional})`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!isWhole && (
        <div className="pull">
          {suite.licenceToAccept !== null && (
            <>
              <p>
                {suite.licenceToAccept.summary}{' '}
                <a href={suite.licenceToAccept.url} target="_blank" rel="noreferrer">
                  {t.models.licence}: {suite.licenceToAccept.name}
                </a>
              </p>
              <label>
                <input type="checkbox" checked={accepted} onChange={({ target }) => setAccepted(target.checked)} />{' '}
                {t.models.accept}
              </label>
            </>
          )}
          <button type="button" disabled={!accepted} onClick={() => onPull(accepted)}>
            {t.models.pull}
          </button>
        </div>
      )}
    </article>
  );
}
