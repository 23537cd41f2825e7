import { SvelteMap } from 'svelte/reactivity';
import { api } from '../api/client';
import type { Resolved } from '../api/types';
import { referencesIn } from '../references/path';
import { editor } from './editor.svelte';
import { runInputs } from './run-inputs.svelte';
import { runs } from './runs.svelte';

const DELAY = 150;

/** What the references of the selected step stand for, by the outputs that the server keeps. */
class References {
  readonly #known = new SvelteMap<string, Resolved>();
  #asking: AbortController | undefined;

  resolved(reference: string): Resolved | undefined {
    return this.#known.get(reference);
  }

  /** Keeps the values up to date. Called once, within an effect root. */
  follow(): void {
    $effect(() => {
      const { step, text } = editor;
      // A new output changes what references stand for.
      void [...runs.outputs.values()];
      const references = step ? [...new Set(referencesIn([step.input, step.forEach ?? null, step.condition ?? null]))] : [];
      const timer = setTimeout(() => void this.#ask(text, step?.id ?? '', references), DELAY);
      return () => clearTimeout(timer);
    });
  }

  async #ask(text: string, step: string, references: string[]): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const answers = references.length === 0 ? [] : await api.resolve(text, step, references, runInputs.values, asking.signal);
      this.#known.clear();
      for (const answer of answers) this.#known.set(answer.reference, answer);
    } catch {
      // A text that is not valid yet has no values; the check tells what is wrong.
      if (!asking.signal.aborted) this.#known.clear();
    }
  }
}

export const references = new References();
