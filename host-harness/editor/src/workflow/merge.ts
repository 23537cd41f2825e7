/**
 * Applies the change from `before` to `after` to `original`, line by line.
 *
 * `before` is `original` as the YAML library writes it. It may differ in spacing. Only the lines that the change touches are taken from `after`, so
 * that all others stay as the author wrote them.
 */
export function mergeLines(original: string, before: string, after: string): string {
  if (original === before) return after;
  if (before === after) return original;
  const [mine, old, fresh] = [original, before, after].map((text) => text.split('\n')) as [string[], string[], string[]];
  const toMine = matches(old.map(withoutSpacing), mine.map(withoutSpacing));
  const result: string[] = [];
  let copied = 0;
  for (const hunk of hunks(old, fresh)) {
    const start = boundaryBefore(toMine, hunk.start);
    const end = boundaryAfter(toMine, hunk.end, mine.length);
    // An overlap means that two hunks share unmatched lines: then the spacing cannot be kept.
    if (start.mine < copied) return after;
    result.push(...mine.slice(copied, start.mine));
    const lines = [...old.slice(start.old, hunk.start), ...fresh.slice(hunk.freshStart, hunk.freshEnd), ...old.slice(hunk.end, end.old)];
    const indented = (line: string): string => ' '.repeat(Math.max(0, shiftAt(line, start.old, old, mine, toMine))) + line.trimStart();
    result.push(...lines.map((line) => (line.trim() === '' ? line : indented(line))));
    copied = end.mine;
  }
  result.push(...mine.slice(copied));
  return result.join('\n');
}

/** Two texts that differ in more pairs of lines are taken as wholly different: comparing them would stall the page. */
const MAX_COMPARISONS = 4_000_000;

interface Hunk {
  start: number;
  end: number;
  freshStart: number;
  freshEnd: number;
}

/** How far a new line is to be indented: as the nearest line above at its level, or outside of it, is indented in `mine`. */
function shiftAt(line: string, above: number, old: string[], mine: string[], toMine: (number | undefined)[]): number {
  const wanted = indentOf(line);
  for (let at = above - 1; at >= 0; at -= 1) {
    const partner = toMine[at];
    const candidate = old[at] ?? '';
    if (partner === undefined || candidate.trim() === '' || indentOf(candidate) > wanted) continue;
    return wanted + indentOf(mine[partner] ?? '') - indentOf(candidate);
  }
  return wanted;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The changed ranges of lines. */
function hunks(old: string[], fresh: string[]): Hunk[] {
  const matched = matches(old, fresh);
  const found: Hunk[] = [];
  let start = 0;
  let freshStart = 0;
  for (let line = 0; line <= old.length; line += 1) {
    const partner = line === old.length ? fresh.length : matched[line];
    if (partner === undefined) continue;
    if (line > start || partner > freshStart) found.push({ start, end: line, freshStart, freshEnd: partner });
    start = line + 1;
    freshStart = partner + 1;
  }
  return found;
}

/** The nearest boundary between lines, at `line` or above, that both texts have: one beside a matched line. */
function boundaryBefore(toMine: (number | undefined)[], line: number): { old: number; mine: number } {
  for (let old = line; old > 0; old -= 1) {
    const [above, below] = [toMine[old - 1], toMine[old]];
    if (above !== undefined) return { old, mine: above + 1 };
    if (below !== undefined) return { old, mine: below };
  }
  return { old: 0, mine: 0 };
}

/** The same at `line` or below. */
function boundaryAfter(toMine: (number | undefined)[], line: number, length: number): { old: number; mine: number } {
  for (let old = line; old < toMine.length; old += 1) {
    const [above, below] = [old > 0 ? toMine[old - 1] : undefined, toMine[old]];
    if (below !== undefined) return { old, mine: below };
    if (above !== undefined) return { old, mine: above + 1 };
  }
  return { old: toMine.length, mine: length };
}

/** For each line of `left`, the equal line of `right` that corresponds to it: a longest common subsequence. */
function matches(left: string[], right: string[]): (number | undefined)[] {
  const found = new Array<number | undefined>(left.length).fill(undefined);
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) {
    found[start] = start;
    start += 1;
  }
  let [endA, endB] = [left.length, right.length];
  while (endA > start && endB > start && left[endA - 1] === right[endB - 1]) {
    endA -= 1;
    endB -= 1;
    found[endA] = endB;
  }
  const width = endB - start + 1;
  if ((endA - start) * width > MAX_COMPARISONS) return found;
  const lengths = new Uint32Array((endA - start + 1) * width);
  for (let i = endA - start - 1; i >= 0; i -= 1) {
    for (let j = width - 2; j >= 0; j -= 1) {
      const isSame = left[start + i] === right[start + j];
      const [down, across] = [lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0];
      lengths[i * width + j] = isSame ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(down, across);
    }
  }
  for (let i = 0, j = 0; i < endA - start && j < width - 1; ) {
    if (left[start + i] === right[start + j]) {
      found[start + i] = start + j;
      i += 1;
      j += 1;
    } else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return found;
}

function withoutSpacing(line: string): string {
  return line.replace(/\s+/g, '');
}
