/** What screen readers are told, and short notes for the eye. */
class Announcer {
  /** The text of the live region. */
  message = $state('');
  /** A note at the bottom of the page, with an error or not. */
  note = $state<{ text: string; isError: boolean } | null>(null);
  #said = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(message: string): void {
    // A live region speaks only if its text changes, also where the same is said twice.
    this.#said += 1;
    this.message = message + '\u00a0'.repeat(this.#said % 5);
  }

  show(text: string, isError = false): void {
    this.note = { text, isError };
    this.say(text);
    clearTimeout(this.#timer);
    if (!isError) this.#timer = setTimeout(() => (this.note = null), 4000);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.note = null;
  }
}

export const announcer = new Announcer();

/** Shows what went wrong. */
export function report(error: unknown): void {
  announcer.show(error instanceof Error ? error.message : String(error), true);
}
