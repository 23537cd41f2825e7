import { isObject, writeJson, type Json, type JsonObject } from '../workflow/json';

/** A number as somebody typed it: digits are kept, and anything else stays text, which the check or the connector then explains. */
export function numberOf(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (/^-?(0|[1-9]\d*)$/.test(trimmed)) return BigInt(trimmed);
  const number = Number(trimmed);
  // A fraction whose digits floating point cannot hold is sent as text, which connectors accept.
  return Number.isFinite(number) && String(number) === trimmed ? number : text;
}

/** A value as a text field shows it. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? writeJson(value) : String(value);
}

export type AnyType = 'text' | 'number' | 'boolean' | 'json' | 'null';

/** Which editor shows a value that may be any JSON. */
export function anyTypeOf(value: Json | undefined): AnyType {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'object' ? 'json' : 'text';
}

/** A value moved to another type, as far as that is possible. */
export function convert(value: Json | undefined, type: AnyType): Json {
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
      return value === true || value === 'true';
    case 'number':
      return numberOf(textOf(value)) ?? 0n;
    case 'json':
      return typeof value === 'object' && value !== null ? value : {};
    case 'text':
      return textOf(value);
  }
}

/** A copy of `value` with another value at a path; `undefined` removes it. */
export function withValueAt(value: Json | undefined, path: readonly (string | number)[], changed: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return changed;
  if (typeof key === 'number') {
    const list = Array.isArray(value) ? [...value] : [];
    const item = withValueAt(list[key], rest, changed);
    if (item === undefined) list.splice(key, 1);
    else list[key] = item;
    return list;
  }
  const { [key]: old, ...others } = isObject(value) ? (value as JsonObject) : {};
  const item = withValueAt(old, rest, changed);
  if (item === undefined) return others;
  return isObject(value) && key in value ? { ...(value as JsonObject), [key]: item } : { ...others, [key]: item };
}
