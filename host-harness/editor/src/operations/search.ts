import type { Summary } from '../api/types';

interface Entry {
  summary: Summary;
  title: string;
  name: string;
  group: string;
  description: string;
}

/** The operations of a connector, prepared for search while somebody types. */
export class OperationIndex {
  readonly #entries: Entry[];

  constructor(operations: readonly Summary[]) {
    this.#entries = operations.map((summary) => ({
      summary,
      title: fold(summary.title),
      name: fold(summary.name),
      group: fold(summary.group),
      description: fold(summary.description),
    }));
  }

  /** The operations that contain every word, best first. Without a word, all of them: groups in alphabetical order. */
  find(query: string): Summary[] {
    const words = fold(query).split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) return this.#entries.filter(({ summary }) => summary.stability !== 'deprecated').sort(byGroup).map(({ summary }) => summary);
    const whole = words.join(' ');
    const found: { entry: Entry; score: number }[] = [];
    for (const entry of this.#entries) {
      const score = scoreOf(entry, words, whole);
      if (score !== undefined) found.push({ entry, score });
    }
    found.sort((a, b) => a.score - b.score || a.entry.title.length - b.entry.title.length || (a.entry.title < b.entry.title ? -1 : 1));
    return found.map(({ entry }) => entry.summary);
  }
}

function byGroup(a: Entry, b: Entry): number {
  return a.group < b.group ? -1 : a.group > b.group ? 1 : a.title < b.title ? -1 : 1;
}

/** Lower is better; `undefined` if a word is missing. */
function scoreOf(entry: Entry, words: string[], whole: string): number | undefined {
  let score = entry.summary.stability === 'deprecated' ? 50 : 0;
  if (entry.title === whole || entry.name === whole) score -= 20;
  else if (entry.title.startsWith(whole)) score -= 5;
  for (const word of words) {
    const place = placeOf(entry, word);
    if (place === undefined) return undefined;
    score += place;
  }
  return score;
}

function placeOf(entry: Entry, word: string): number | undefined {
  if (startsWord(entry.title, word)) return 0;
  if (entry.title.includes(word)) return 2;
  if (entry.name.includes(word)) return 3;
  if (entry.group.includes(word)) return 4;
  return entry.description.includes(word) ? 8 : undefined;
}

function startsWord(text: string, word: string): boolean {
  return text.startsWith(word) || text.includes(` ${word}`);
}

function fold(text: string): string {
  return text.toLowerCase().normalize('NFKD').replace(/[\u0300-\u036f]/g, '').replaceAll('_', ' ');
}
