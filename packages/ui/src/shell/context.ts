import { createContext, useContext } from 'react';
import type { About, Backend } from '../backend/backend.js';
import type { Job } from '../backend/jobs.js';

/** What every screen is given. */
export interface Shell {
  readonly backend: Backend;
  readonly about: About;
  /** All jobs, as they are now. */
  readonly jobs: readonly Job[];
}

export const ShellContext = createContext<Shell | null>(null);

/** The shell around the screen that asks. */
export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (shell === null) throw new Error('A screen was drawn outside the shell.');
  return shell;
}
