import { createProgram } from './program.js';
import { exitCodeOf, reportFailure } from './failure.js';

/** The command line's way in: bin/onnx-lens.js loads this file, which runs the command and sets the exit code. */
const program = createProgram();

// A reader that has seen enough (`onnx-lens ... | head`) closes the pipe; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
// By way of process.exit, so that 'exit' listeners remove their scratch files.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error, program.opts<{ verbose?: true }>().verbose === true);
  process.exitCode = exitCodeOf(error);
}
