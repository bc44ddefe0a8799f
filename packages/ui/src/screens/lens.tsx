import { useState, type ReactNode } from 'react';
import { LENS_TARGETS, type LensCoverage, type LensOptimization } from '../backend/lens.js';
import { t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { Failure, Field, Progress } from '../shell/parts.js';

type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'working' }
  | { readonly kind: 'coverage'; readonly coverage: LensCoverage }
  | { readonly kind: 'optimization'; readonly optimization: LensOptimization }
  | { readonly kind: 'failed'; readonly error: unknown };

/** How an ONNX model lands on an accelerator, and a better form of it. */
export function LensScreen(): ReactNode {
  const { backend } = useShell();
  const [file, setFile] = useState<File | null>(null);
  const [target, setTarget] = useState<string>(LENS_TARGETS[0]);
  const [answer, setAnswer] = useState<Answer>({ kind: 'none' });
  const ask = (question: Promise<Answer>): void => {
    setAnswer({ kind: 'working' });
    question.then(setAnswer, (error: unknown) => setAnswer({ kind: 'failed', error }));
  };
  const isBusy = answer.kind === 'working';
  return (
    <section className="lens">
      <h1>{t.lens.title}</h1>
      <label
        className="drop"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          setFile(event.dataTransfer.files[0] ?? null);
        }}
      >
        <span className="drop-text">{file === null ? t.lens.drop : file.name}</span>
        <input
          type="file"
          accept=".onnx"
          aria-label={t.lens.drop}
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </label>
      <div className="row">
        <Field label={t.lens.target}>
          <select value={target} onChange={(event) => setTarget(event.target.value)}>
            {LENS_TARGETS.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </Field>
        <button
          type="button"
          className="primary"
          disabled={file === null || isBusy}
          onClick={() =>
            file !== null &&
            ask(backend.lensCoverage(file, target).then((coverage) => ({ kind: 'coverage', coverage })))
          }
        >
          {t.lens.coverage}
        </button>
        <button
          type="button"
          disabled={file === null || isBusy}
          onClick={() =>
            file !== null &&
            ask(backend.lensOptimize(file).then((optimization) => ({ kind: 'optimization', optimization })))
          }
        >
          {t.lens.optimize}
        </button>
      </div>
      <div aria-live="polite">{isBusy && <Progress value={null} label={t.lens.working} />}</div>
      <AnswerView answer={answer} />
    </section>
  );
}

function AnswerView({ answer }: { readonly answer: Answer }): ReactNode {
  switch (answer.kind) {
    case 'none':
    case 'working':
      return null;
    case 'failed':
      return <Failure error={answer.error} />;
    case 'coverage':
      // The page has scripts of its own and strangers' names in it: it gets no rights of this page's.
      return (
        <iframe title={answer.coverage.model} src={answer.coverage.address} sandbox="allow-scripts" className="tall" />
      );
    case 'optimization':
      return (
        <>
          <pre tabIndex={0}>{answer.optimization.text}</pre>
          {answer.optimization.download === null ? (
            <p>{t.lens.nothing}</p>
          ) : (
            <a className="button primary" href={answer.optimization.download} download>
              {t.actions.download}
            </a>
          )}
        </>
      );
  }
}
