/** The most states that can be undone. */
const MAX_STATES = 200;
/** Changes of the same place within this time, in milliseconds, are undone together. */
const SAME_CHANGE = 1000;

/** The states of a text, for undo and redo. */
export class History {
  #past: string[] = [];
  #future: string[] = [];
  #place = '';
  #time = -Infinity;

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Remembers `current` before it changes. `place` says what changes, so that typing in one field is undone at once. */
  record(current: string, place: string, now: number): void {
    const continues = place !== '' && place === this.#place && now - this.#time < SAME_CHANGE && this.#past.length > 0;
    this.#place = place;
    this.#time = now;
    this.#future = [];
    if (continues) return;
    this.#past.push(current);
    if (this.#past.length > MAX_STATES) this.#past.shift();
  }

  undo(current: string): string | undefined {
    const previous = this.#past.pop();
    if (previous !== undefined) this.#future.push(current);
    this.#place = '';
    return previous;
  }

  redo(current: string): string | undefined {
    const next = this.#future.pop();
    if (next !== undefined) this.#past.push(current);
    this.#place = '';
    return next;
  }

  clear(): void {
    this.#past = [];
    this.#future = [];
    this.#place = '';
  }
}
