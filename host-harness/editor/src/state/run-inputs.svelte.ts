import type { Json } from '../workflow/json';

/** The inputs of runs. They stay in the page's memory only, since they may be secret. */
class RunInputs {
  values = $state.raw<Record<string, Json>>({});
  isAsking = $state(false);
  #start: ((inputs: Record<string, Json>) => void) | undefined;

  ask(start: (inputs: Record<string, Json>) => void): void {
    this.#start = start;
    this.isAsking = true;
  }

  confirm(): void {
    this.isAsking = false;
    this.#start?.(this.values);
  }

  close(): void {
    this.isAsking = false;
  }
}

export const runInputs = new RunInputs();
