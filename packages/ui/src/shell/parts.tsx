import type { ReactNode } from 'react';
import { sentenceOf } from '../backend/backend.js';
import { t } from '../i18n/messages.js';
import type { Loaded } from './loaded.js';

/** A failure, as the command line would say it. */
export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  return (
    <div className="failure" role="alert">
      <strong>{t.failedTitle}</strong>
      <p>{sentenceOf(error)}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {t.actions.retry}
        </button>
      )}
    </div>
  );
}

/** Shows what was loaded; keeps the place meanwhile, so that nothing jumps. */
export function Show<T>({
  loaded,
  onRetry,
  children,
}: {
  readonly loaded: Loaded<T>;
  readonly onRetry?: () => void;
  readonly children: (value: T) => ReactNode;
}): ReactNode {
  if (loaded.kind === 'ready') return children(loaded.value);
  if (loaded.kind === 'failed')
    return onRetry ? <Failure error={loaded.error} onRetry={onRetry} /> : <Failure error={loaded.error} />;
  return (
    <p className="placeholder" aria-live="polite">
      {t.loading}
    </p>
  );
}

/** What a screen shows when there is nothing to show. */
export function Empty({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="empty">{children}</div>;
}

/** A bar of progress, 0 to 1; null while nothing is known. */
export function Progress({ value, label }: { readonly value: number | null; readonly label: string }): ReactNode {
  return value === null ? <progress aria-label={label} /> : <progress aria-label={label} max={1} value={value} />;
}

/** A labelled field of a form. */
export function Field({
  label,
  help,
  children,
}: {
  readonly label: string;
  readonly help?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <label className="field">
      <span className="field-label">{label}</span>
      {children}
      {help !== undefined && <span className="help">{help}</span>}
    </label>
  );
}
