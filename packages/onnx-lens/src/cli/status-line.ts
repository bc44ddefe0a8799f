/** One line on standard error that says what is being done, written over by the next; silent where no terminal is. */
export class StatusLine {
  #isShown = false;

  show(text: string): void {
    if (!process.stderr.isTTY) return;
    const width = Math.max(20, process.stderr.columns || 80) - 1;
    process.stderr.write(`\r\x1b[K${text.slice(0, width)}`);
    this.#isShown = true;
  }

  /** Takes the line away, so that what follows stands at the margin. */
  clear(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
    this.#isShown = false;
  }
}
