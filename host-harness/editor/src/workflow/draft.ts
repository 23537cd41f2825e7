import { isReference } from '../references/path';
import { edit, isMap, isSeq, isYamlObject, parse, valueOf } from './yaml';
import { secretPaths, type Schema } from '../schema/model';
import type { Json } from './json';

/**
 * The text of a workflow without the values whose schema has `format: password`, for the browser's storage.
 *
 * Returns `undefined` if the secrets cannot be told apart: the text is not valid YAML, or the schema of an operation is not known yet.
 */
export function withoutSecrets(text: string, schemaOf: (operation: string) => Schema | null | undefined): string | undefined {
  const document = parse(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  const inputs = valueOf(document.contents.get('inputs', true), document);
  const defaults = Object.entries(isYamlObject(inputs) ? inputs : {}).filter(([, schema]) => isYamlObject(schema) && schema.format === 'password' && 'default' in schema);
  const steps = document.contents.get('steps');
  const secrets: { index: number; paths: (string | number)[][] }[] = [];
  for (const [index, step] of (isSeq(steps) ? steps.items : []).entries()) {
    if (!isMap(step) || !step.has('input')) continue;
    const schema = schemaOf(String(step.get('operation') ?? ''));
    if (schema === undefined) return undefined;
    if (schema === null) continue;
    const input = valueOf(step.get('input', true), document);
    const paths = secretPaths(schema, input).filter((path) => !isReference(at(input, path)));
    if (paths.length > 0) secrets.push({ index, paths });
  }
  if (secrets.length + defaults.length === 0) return text;
  return edit(text, (editable) => {
    for (const [name] of defaults) editable.setIn(['inputs', name, 'default'], '');
    for (const { index, paths } of secrets) for (const path of paths) editable.setIn(['steps', index, 'input', ...path], '');
  });
}

function at(value: Json, path: (string | number)[]): unknown {
  return path.reduce<unknown>((current, key) => (current as Record<string | number, unknown> | undefined)?.[key], value);
}

/** What is stored of unsaved changes. */
export interface Draft {
  text: string;
  /** The version of the file that the changes were made to; `null` if there was none. */
  version: string | null;
}

function keyOf(connector: string, path: string | null): string {
  return `step-editor:${connector}:${path ?? ''}`;
}

/** Storage can be full or switched off. Drafts are then not kept. */
export function storeDraft(connector: string, path: string | null, draft: Draft | null): void {
  try {
    if (draft === null) localStorage.removeItem(keyOf(connector, path));
    else localStorage.setItem(keyOf(connector, path), JSON.stringify(draft));
  } catch {
    return;
  }
}

export function loadDraft(connector: string, path: string | null): Draft | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(connector, path)) ?? 'null');
    const draft = stored as Partial<Draft> | null;
    return typeof draft?.text === 'string' ? { text: draft.text, version: draft.version ?? null } : null;
  } catch {
    return null;
  }
}
