export interface Point {
  x: number;
  y: number;
}

/** How far the ends of a curve leave sideways before they turn, in pixels. */
const SHORTEST_BEND = 32;
const LONGEST_BEND = 140;

/** The SVG path of the snake: it leaves `from` and reaches `to` sideways. `fromSide` is 1 if it leaves to the right, -1 to the left; `toSide` likewise. */
export function curve(from: Point, to: Point, fromSide: 1 | -1, toSide: 1 | -1): string {
  const bend = Math.min(LONGEST_BEND, Math.max(SHORTEST_BEND, Math.abs(to.x - from.x) / 2));
  const round = (value: number): number => Math.round(value * 10) / 10;
  const points = [from.x, from.y, from.x + fromSide * bend, from.y, to.x + toSide * bend, to.y, to.x, to.y].map(round);
  return `M${points[0]} ${points[1]}C${points[2]} ${points[3]} ${points[4]} ${points[5]} ${points[6]} ${points[7]}`;
}
