import { tick } from 'svelte';
import type { Point } from '../references/curve';
import { announcer } from './announcer.svelte';
import { layout } from './layout.svelte';

/** An input that can take a reference. */
export interface Target {
  label: string;
  insert: (reference: string) => void;
}

/** The pixels that the pointer moves before a press becomes a drag. */
const DRAG_THRESHOLD = 4;

/** The connector-snake: a value of an earlier step's output on its way to an input. */
class Snake {
  /** The reference that is dragged or was chosen by keyboard. */
  reference = $state<string | null>(null);
  isDragging = $state(false);
  from = $state<Point | null>(null);
  at = $state<Point | null>(null);
  /** The element of the input below the pointer. */
  over = $state.raw<Element | null>(null);
  readonly #targets = new Map<Element, Target>();
  #cancelDrag: (() => void) | undefined;
  #origin: HTMLElement | null = null;

  /** Registers an input, as an attachment of its element. */
  target(target: () => Target | null) {
    return (element: HTMLElement): (() => void) => {
      const current: Target = {
        get label() {
          return target()?.label ?? '';
        },
        insert: (reference) => target()?.insert(reference),
      };
      if (target()) this.#targets.set(element, current);
      return () => void this.#targets.delete(element);
    };
  }

  /** Begins to drag a value, after the pointer has moved. */
  press(event: PointerEvent, reference: string): void {
    if (event.button !== 0) return;
    const start = { x: event.clientX, y: event.clientY };
    const source = event.currentTarget as HTMLElement;
    const controller = new AbortController();
    const { signal } = controller;
    this.#cancelDrag?.();
    this.#cancelDrag = () => {
      controller.abort();
      this.stop();
    };
    const move = (moved: PointerEvent): void => {
      const isFar = Math.hypot(moved.clientX - start.x, moved.clientY - start.y) >= DRAG_THRESHOLD;
      if (!this.isDragging && !isFar) return;
      if (!this.isDragging) {
        const box = source.getBoundingClientRect();
        this.from = { x: start.x < box.left + box.width / 2 ? box.left : start.x, y: box.top + box.height / 2 };
        this.reference = reference;
        this.isDragging = true;
      }
      moved.preventDefault();
      this.at = { x: moved.clientX, y: moved.clientY };
      this.over = this.#elementAt(moved.clientX, moved.clientY);
    };
    const release = (released: PointerEvent): void => {
      const element = this.isDragging ? this.#elementAt(released.clientX, released.clientY) : null;
      const dropped = element ? this.#targets.get(element) : undefined;
      const { reference: value, isDragging } = this;
      controller.abort();
      this.stop();
      if (isDragging && dropped && value !== null) this.#drop(dropped, value);
    };
    window.addEventListener('pointermove', move, { signal });
    window.addEventListener('pointerup', release, { signal });
    window.addEventListener('pointercancel', () => this.#cancelDrag?.(), { signal });
    window.addEventListener('keydown', (key) => key.key === 'Escape' && this.#cancelDrag?.(), { signal });
  }

  #elementAt(x: number, y: number): Element | null {
    for (let element = document.elementFromPoint(x, y); element; element = element.parentElement) if (this.#targets.has(element)) return element;
    return null;
  }

  #drop(target: Target, reference: string): void {
    target.insert(reference);
    announcer.say(`${reference} inserted into ${target.label}.`);
  }

  /** Chooses a value by keyboard. The next input that is pressed takes it. */
  choose(reference: string, origin: HTMLElement | null): void {
    this.reference = reference;
    this.isDragging = false;
    this.#origin = origin;
    announcer.say(`${reference} chosen. Press Enter in an input to insert it, or Escape to stop.`);
    layout.pane = 'step';
    void tick().then(() => this.#focusFirst());
  }

  #focusFirst(): void {
    const first = [...this.#targets.keys()].find((element) => element.isConnected);
    (first?.querySelector<HTMLElement>('input, select, textarea') ?? first?.querySelector<HTMLElement>('button'))?.focus();
  }

  /** Inserts the chosen value into the input of an element. Returns whether there was one. */
  insertAt(element: Element): boolean {
    if (this.reference === null || this.isDragging) return false;
    const target = this.#targets.get(element);
    if (!target) return false;
    const { reference } = this;
    this.stop();
    this.#drop(target, reference);
    return true;
  }

  /** Gives up, and returns to where the value was chosen. */
  giveUp(): void {
    const origin = this.#origin;
    this.stop();
    announcer.say('Nothing inserted.');
    origin?.focus();
  }

  stop(): void {
    this.reference = null;
    this.isDragging = false;
    this.from = null;
    this.at = null;
    this.over = null;
    this.#origin = null;
  }
}

export const snake = new Snake();
