import { useCallback, useState } from 'react';

/** A value that can be changed, and changed back. */
export interface History<T> {
  readonly value: T;
  /** Whether it differs from what was saved last. */
  readonly isChanged: boolean;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** A `group` joins changes that follow each other, such as the steps of one drag, to one step of undo. */
  change(value: T, group?: string): void;
  readonly undo: () => void;
  readonly redo: () => void;
  /** Notes what is stored now, and goes on from there. */
  saved(stored: T): void;
}

interface Steps<T> {
  readonly past: readonly T[];
  readonly value: T;
  readonly future: readonly T[];
  readonly stored: T;
  readonly group: string | null;
}

export function useHistory<T>(first: T): History<T> {
  const [steps, setSteps] = useState<Steps<T>>({ past: [], value: first, future: [], stored: first, group: null });
  const change = useCallback((value: T, group?: string): void => {
    setSteps((now) => ({
      ...now,
      past: group !== undefined && group === now.group ? now.past : [...now.past, now.value],
      value,
      future: [],
      group: group ?? null,
    }));
  }, []);
  const undo = useCallback((): void => {
    setSteps((now) => {
      const before = now.past.at(-1);
      if (before === undefined) return now;
      return { ...now, past: now.past.slice(0, -1), value: before, future: [now.value, ...now.future], group: null };
    });
  }, []);
  const redo = useCallback((): void => {
    setSteps((now) => {
      const [next, ...future] = now.future;
      if (next === undefined) return now;
      return { ...now, past: [...now.past, now.value], value: next, future, group: null };
    });
  }, []);
  const saved = useCallback(
    (stored: T): void => setSteps((now) => ({ ...now, value: stored, stored, group: null })),
    [],
  );
  return {
    value: steps.value,
    isChanged: steps.value !== steps.stored,
    canUndo: steps.past.length > 0,
    canRedo: steps.future.length > 0,
    change,
    undo,
    redo,
    saved,
  };
}
