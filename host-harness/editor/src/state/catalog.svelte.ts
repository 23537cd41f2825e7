import { SvelteMap } from 'svelte/reactivity';
import { api } from '../api/client';
import type { Connector, Operation, Summary } from '../api/types';
import { OperationIndex } from '../operations/search';

/** The connector and its operations. */
class Catalog {
  connector = $state.raw<Connector | null>(null);
  operations = $state.raw<Summary[]>([]);
  index = $derived(new OperationIndex(this.operations));
  /** Operations with their schemas; `null` for a name that the connector does not have. */
  readonly loaded = new SvelteMap<string, Operation | null>();
  readonly #loading = new Map<string, Promise<Operation | null>>();

  async start(): Promise<void> {
    [this.connector, this.operations] = await Promise.all([api.connector(), api.operations()]);
  }

  summary(name: string): Summary | undefined {
    return this.operations.find((operation) => operation.name === name);
  }

  /** Loads an operation's schemas once. */
  load(name: string): Promise<Operation | null> {
    const started = this.#loading.get(name);
    if (started) return started;
    const loading = this.#fetch(name);
    this.#loading.set(name, loading);
    return loading;
  }

  async #fetch(name: string): Promise<Operation | null> {
    const isKnown = this.summary(name) !== undefined;
    try {
      const operation = isKnown ? await api.operation(name) : null;
      this.loaded.set(name, operation);
      return operation;
    } catch (error) {
      this.#loading.delete(name);
      throw error;
    }
  }
}

export const catalog = new Catalog();
