/** The parts of a place such as `input.filters['a.b'][0]`. */
export function partsOf(place: string): string[] {
  return [...place.matchAll(/\[(?:'([^']*)'|"([^"]*)"|(\d+))\]|([^.[\]]+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
}

/** Whether a problem belongs to a field: it is about the field itself, or, for a field at the top, about something within it. */
export function isAt(place: string, path: readonly (string | number)[]): boolean {
  const parts = partsOf(place);
  const isWithin = path.every((part, index) => parts[index] === String(part));
  return isWithin && (parts.length === path.length || path.length === 2);
}
