/** References: JSONPaths (RFC 9535) into outputs of earlier steps, as the host reads them. */

/** A name that may follow a dot. RFC 9535 allows no hyphen there. */
const NAME = /^[A-Za-z_\u0080-\u{10FFFF}][A-Za-z0-9_\u0080-\u{10FFFF}]*$/u;
/** The ID of a step that may follow `$.steps.`: the host also takes hyphens, and digits at the start. */
const STEP_ID = /^[A-Za-z0-9_-]+$/;

/** Whether a value is a reference rather than plain text. */
export function isReference(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('$.');
}

/** The path to a whole output of a step. */
export function stepPath(id: string): string {
  return `$.steps${STEP_ID.test(id) ? `.${id}` : bracket(id)}`;
}

/** The path to a member or an element of what `path` points at. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path + (NAME.test(key) ? `.${key}` : bracket(key));
}

/** The path to all elements of a list. */
export function allPath(path: string): string {
  return `${path}[*]`;
}

function bracket(name: string): string {
  const escaped = name.replace(/[\\'\u0000-\u001f\u007f]/g, (character) => {
    const short: Record<string, string> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' };
    return short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `['${escaped}']`;
}

const STEP = /^\$\.steps(?:\.([A-Za-z0-9_\u0080-\uFFFF-]+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\])/;

/** The ID of the step that a reference begins with. */
export function stepOf(reference: string): string | undefined {
  const match = STEP.exec(reference);
  if (!match) return undefined;
  return match[1] ?? unescape(match[2] ?? match[3] ?? '');
}

function unescape(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, code: string) => {
    if (code.length === 5) return String.fromCharCode(parseInt(code.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }[code] ?? code;
  });
}

/** The reference with another ID for the step that it begins with. */
export function renameStep(reference: string, old: string, id: string): string {
  const match = STEP.exec(reference);
  return match && stepOf(reference) === old ? stepPath(id) + reference.slice(match[0].length) : reference;
}

/** Text that is sent as it is, even if it looks like a reference: the host removes one `$`. */
export function literal(text: string): string {
  return /^\$+\./.test(text) ? `$${text}` : text;
}

/** Every reference within a value. */
export function referencesIn(value: unknown): string[] {
  if (isReference(value)) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(referencesIn);
}
