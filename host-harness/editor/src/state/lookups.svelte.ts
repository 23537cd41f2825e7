import { SvelteMap } from 'svelte/reactivity';
import { api } from '../api/client';
import { formOf, type Lookup } from '../schema/model';
import { isObject, type Json, type JsonObject } from '../workflow/json';
import { catalog } from './catalog.svelte';

/** How many choices are asked for at once, where the operation has pages. */
const PAGE = 100;

export interface Choice {
  value: string;
  label: string;
}

export interface Choices {
  items: Choice[];
  /** The input for the next page, if there is one. */
  next: unknown;
  isLoading: boolean;
  error: string;
}

/** The choices of drop-downs, kept until the page is left. */
class Lookups {
  readonly #known = new SvelteMap<string, Choices>();

  choices(auth: string, lookup: Lookup): Choices | undefined {
    return this.#known.get(keyOf(auth, lookup));
  }

  label(auth: string, lookup: Lookup, value: string): string {
    return this.choices(auth, lookup)?.items.find((choice) => choice.value === value)?.label ?? '';
  }

  /** Loads the first page, or the next one. */
  async load(auth: string, lookup: Lookup, more = false): Promise<void> {
    const key = keyOf(auth, lookup);
    const known = this.#known.get(key);
    if (known?.isLoading || (known && !more && known.error === '')) return;
    const items = more && known ? known.items : [];
    this.#known.set(key, { items, next: null, isLoading: true, error: '' });
    try {
      const input = more && known ? known.next : await firstPage(lookup);
      const answer = await api.invoke(auth, lookup.operation, input);
      const rows = Array.isArray(answer.json) ? answer.json.filter(isObject) : [];
      const fresh = rows.map((row) => choiceOf(row, lookup)).filter((choice) => choice.value !== '');
      this.#known.set(key, { items: [...items, ...fresh], next: answer.next ?? null, isLoading: false, error: '' });
    } catch (error) {
      this.#known.set(key, { items, next: known?.next ?? null, isLoading: false, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Forgets what was loaded with an authentication that has changed. */
  forget(auth: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${auth}\n`)) this.#known.delete(key);
  }
}

function keyOf(auth: string, lookup: Lookup): string {
  return [auth, lookup.operation, lookup.value, lookup.label].join('\n');
}

/** The input for the first page: only the two properties, if the operation can be asked for them. */
async function firstPage(lookup: Lookup): Promise<JsonObject> {
  const operation = await catalog.load(lookup.operation);
  const form = operation ? formOf(operation.input_schema) : undefined;
  const names = new Set([...(form?.required ?? []), ...(form?.optional ?? [])].map((field) => field.name));
  const input: JsonObject = {};
  if (names.has('fields')) input.fields = lookup.value === lookup.label ? lookup.value : `${lookup.value},${lookup.label}`;
  if (names.has('limit') && names.has('offset')) Object.assign(input, { limit: PAGE, offset: 0 });
  return input;
}

function choiceOf(row: JsonObject, lookup: Lookup): Choice {
  const text = (value: Json | undefined): string => (value === undefined || value === null || typeof value === 'object' ? '' : String(value));
  return { value: text(row[lookup.value]), label: text(row[lookup.label]) };
}

export const lookups = new Lookups();
