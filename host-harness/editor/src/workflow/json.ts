/** JSON values whose integers keep all digits: integers that a `number` cannot hold exactly are `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses JSON without rounding integers, where the browser tells the source text of a number. */
export function parseJson(text: string): unknown {
  const keepDigits = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    const isRounded = typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined;
    return isRounded && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
}

/** Writes JSON, `bigint` as plain digits. `indent` is the number of spaces for each level; 0 writes one line. */
export function writeJson(value: unknown, indent = 0): string {
  return write(value, indent, '');
}

function write(value: unknown, indent: number, margin: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return list(value.map((item) => write(item, indent, margin + ' '.repeat(indent))), '[]', indent, margin);
  if (isObject(value)) {
    const colon = indent > 0 ? ': ' : ':';
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    const parts = entries.map(([key, item]) => JSON.stringify(key) + colon + write(item, indent, margin + ' '.repeat(indent)));
    return list(parts, '{}', indent, margin);
  }
  return JSON.stringify(value) ?? 'null';
}

function list(parts: string[], brackets: string, indent: number, margin: string): string {
  if (parts.length === 0) return brackets;
  if (indent === 0) return brackets[0] + parts.join(',') + brackets[1];
  const inner = margin + ' '.repeat(indent);
  return `${brackets[0]}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${brackets[1]}`;
}

/** Whether two values are the same, whatever the order of keys. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && isEqual(a[key], b[key]));
}

/** The value at a path below `value`, or `undefined` if there is none. */
export function valueAt(value: unknown, path: readonly (string | number)[]): Json | undefined {
  let current: unknown = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current as Json | undefined;
}
