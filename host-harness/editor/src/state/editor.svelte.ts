import { api, ApiError } from '../api/client';
import type { Problem } from '../api/types';
import * as edits from '../workflow/document';
import { loadDraft, storeDraft, withoutSecrets } from '../workflow/draft';
import { History } from '../workflow/history';
import type { Json, JsonObject } from '../workflow/json';
import { announcer, report } from './announcer.svelte';
import { catalog } from './catalog.svelte';

const CHECK_DELAY = 300;
const DRAFT_DELAY = 400;

/** The workflow that is being edited. Its text is the truth; everything else follows from it. */
class Editor {
  text = $state('');
  savedText = $state('');
  path = $state<string | null>(null);
  selected = $state(0);
  problems = $state.raw<Problem[]>([]);
  /** Whether the text came from the browser's storage and differs from the file. */
  isRestored = $state(false);
  canUndo = $state(false);
  canRedo = $state(false);
  workflow = $derived(edits.read(this.text));
  step = $derived(this.workflow.steps[this.selected]);
  isValid = $derived(this.workflow.errors.length === 0);
  isChanged = $derived(this.text !== this.savedText);
  ids = $derived(this.workflow.steps.map((step) => step.id));
  /** That of the file on disk; `null` while there is none. */
  #version: string | null = null;
  readonly #history = new History();
  #checkTimer: ReturnType<typeof setTimeout> | undefined;
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #checking: AbortController | undefined;

  /** Shows the file that the server has open, or another one of its folder. */
  async start(path?: string): Promise<void> {
    const file = await api.workflow(path);
    this.path = file.path;
    this.#version = file.version;
    this.savedText = file.text === '' ? edits.EMPTY_WORKFLOW : file.text;
    const draft = loadDraft(this.#connector, this.path);
    this.isRestored = draft !== null && draft.text !== this.savedText;
    this.text = this.isRestored && draft ? draft.text : this.savedText;
    if (this.isRestored && draft && draft.version !== this.#version) {
      announcer.show('The file changed on disk after your last visit. Your unsaved changes are shown; compare before you save.', true);
    }
    this.#history.clear();
    this.#afterChange();
  }

  /** Opens another file of the server's folder. Returns whether it could be opened. */
  async openPath(path: string): Promise<boolean> {
    try {
      await this.start(path);
      this.selected = 0;
      announcer.show(`Opened ${this.path ?? path}.`);
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  }

  get #connector(): string {
    return catalog.connector?.name ?? '';
  }

  /** Replaces the text. `place` says what changes: typing in one place is undone at once. */
  setText(text: string, place = ''): void {
    if (text === this.text) return;
    this.#history.record(this.text, place, Date.now());
    this.text = text;
    this.#afterChange();
  }

  undo(): void {
    this.#travel(this.#history.undo(this.text), 'Undone.');
  }

  redo(): void {
    this.#travel(this.#history.redo(this.text), 'Done again.');
  }

  #travel(text: string | undefined, message: string): void {
    if (text === undefined) return;
    this.text = text;
    announcer.say(message);
    this.#afterChange();
  }

  #afterChange(): void {
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    this.selected = Math.max(0, Math.min(this.selected, this.workflow.steps.length - 1));
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => void this.#check(), CHECK_DELAY);
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => void this.#store(), DRAFT_DELAY);
  }

  async #check(): Promise<void> {
    this.#checking?.abort();
    const checking = new AbortController();
    this.#checking = checking;
    try {
      this.problems = (await api.check(this.text, checking.signal)).problems;
    } catch (error) {
      if (!checking.signal.aborted) report(error);
    }
  }

  /** Keeps unsaved changes in the browser's storage, without secrets. */
  async #store(): Promise<void> {
    const { text, path } = this;
    if (!this.isChanged) return storeDraft(this.#connector, path, null);
    if (!this.isValid) return;
    try {
      await Promise.all(this.workflow.steps.map((step) => catalog.load(step.operation)));
    } catch {
      // Without the schemas, secrets cannot be told apart: nothing is stored.
      return;
    }
    if (text !== this.text) return;
    const schemaOf = (name: string) => {
      const operation = catalog.loaded.get(name);
      return operation === null ? null : operation?.input_schema;
    };
    const stored = withoutSecrets(text, schemaOf);
    if (stored !== undefined) storeDraft(this.#connector, path, { text: stored, version: this.#version });
  }

  async save(path: string | null): Promise<boolean> {
    const { text } = this;
    // Another file must be new: it has no version that could be replaced.
    const version = path === null || path === this.path ? this.#version : null;
    try {
      const answer = await api.save(path, text, version);
      storeDraft(this.#connector, this.path, null);
      this.#version = answer.version;
      this.path = answer.path ?? path ?? this.path;
      this.savedText = text;
      this.isRestored = false;
      announcer.show(this.path === null ? 'Saved.' : `Saved to ${this.path}.`);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        announcer.show(`${error.message} Save under another name, or reload the page to see the file as it is.`, true);
      } else report(error);
      return false;
    }
  }

  /** Opens a file that the person chose. It gets a path in the working folder when it is saved. */
  open(text: string): void {
    this.setText(text);
    this.selected = 0;
    announcer.show('Opened. Undo brings the workflow of before back.');
  }

  /** Gives up unsaved changes. */
  revert(): void {
    this.setText(this.savedText);
    this.isRestored = false;
  }

  select(index: number): void {
    this.selected = index;
  }

  #edit(place: string, change: (text: string) => string): boolean {
    try {
      this.setText(change(this.text), place);
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  }

  /** Sets a value below a step, such as `['input', 'user_id']`. */
  setInStep(index: number, path: edits.Path, value: Json | undefined): void {
    this.#edit(`${index}/${path.join('/')}`, (text) => edits.setInStep(text, index, path, value));
  }

  setWorkflowKey(path: edits.Path, value: Json | undefined): void {
    this.#edit(`workflow/${path.join('/')}`, (text) => edits.setWorkflowKey(text, path, value));
  }

  renameStep(index: number, id: string): void {
    this.#edit(`${index}/id`, (text) => edits.renameStep(text, index, id));
  }

  async setOperation(index: number, name: string): Promise<void> {
    const operation = await catalog.load(name).catch(() => null);
    const properties = operation?.input_schema.properties ?? {};
    const isOpen = operation?.input_schema.additionalProperties !== false;
    this.#edit('', (text) => edits.setOperation(text, index, name, (input) => isOpen || input in properties));
  }

  addStep(operation: string, position: number): void {
    const base = (catalog.connector?.name ?? 'step').replace(/[^A-Za-z0-9_-]/g, '-');
    const id = edits.freeId(`${base}-${this.ids.length + 1}`, this.ids);
    if (!this.#edit('', (text) => edits.insertStep(text, position, { id, operation }))) return;
    this.selected = position;
    announcer.say(`Step ${id} added.`);
  }

  duplicateStep(index: number): void {
    this.pasteSteps(edits.copyStep(this.text, index), index + 1);
  }

  removeStep(index: number): void {
    const id = this.ids[index];
    if (!this.#edit('', (text) => edits.removeStep(text, index))) return;
    announcer.show(`Step ${id} removed. Undo brings it back.`);
  }

  moveStep(from: number, to: number): void {
    if (to < 0 || to >= this.ids.length || from === to) return;
    const id = this.ids[from];
    if (!this.#edit('', (text) => edits.moveStep(text, from, to))) return;
    this.selected = to;
    announcer.say(`Step ${id} is now number ${to + 1} of ${this.ids.length}.`);
  }

  copyStep(index: number): string {
    return edits.copyStep(this.text, index);
  }

  /** Inserts the steps of a text from the clipboard. Their IDs change if they are taken. */
  pasteSteps(clipboard: string, position: number): boolean {
    const pasted = edits.stepsOf(clipboard);
    if (pasted.length === 0) return false;
    const taken = [...this.ids];
    const done = this.#edit('', (text) =>
      pasted.reduce((result, step, offset) => {
        const id = edits.freeId(typeof step.id === 'string' ? step.id : 'step', taken);
        taken.push(id);
        return edits.insertStep(result, position + offset, { ...step, id } as JsonObject);
      }, text),
    );
    if (!done) return false;
    this.selected = position;
    announcer.say(pasted.length === 1 ? 'Step pasted.' : `${pasted.length} steps pasted.`);
    return true;
  }

  /** The problems at one step. */
  problemsOf(index: number): Problem[] {
    const id = this.ids[index];
    return this.problems.filter((problem) => problem.step === id);
  }
}

export const editor = new Editor();
