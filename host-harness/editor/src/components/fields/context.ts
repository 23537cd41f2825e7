import { createContext } from 'svelte';
import type { Resolved } from '../../api/types';
import type { Json } from '../../workflow/json';

export type FieldPath = readonly (string | number)[];

/** What the fields of a form share. */
export interface FormContext {
  /** The beginning of every element's ID. */
  readonly prefix: string;
  /** Whether values may come from earlier steps. */
  readonly takesReferences: boolean;
  /** The authentication that drop-downs are filled with. */
  readonly auth: string;
  set(path: FieldPath, value: Json | undefined): void;
  problems(path: FieldPath): string[];
  /** What a reference stands for at the moment; `undefined` while it is not known. */
  resolved(reference: string): Resolved | undefined;
  /** Opens the list of values of earlier steps. */
  pick(label: string, insert: (reference: string) => void): void;
}

export const [getForm, setForm] = createContext<FormContext>();

/** The ID of the element for a path. */
export function fieldId(prefix: string, path: FieldPath): string {
  return `${prefix}-${path.join('-').replace(/[^A-Za-z0-9_-]/g, '_')}`;
}
