import { Pair, YAMLMap, YAMLSeq, type Document } from 'yaml';
import { renameStep as renameInText, isReference } from '../references/path';
import type { Json, JsonObject } from './json';
import { edit, isMap, isScalar, isSeq, isYamlObject, messageOf, nodeOf, parse, replaced, valueOf } from './yaml';

/** A step as the page shows it. */
export interface Step {
  id: string;
  operation: string;
  input: JsonObject;
  forEach?: Json;
  atOnce?: Json;
  condition?: Json;
  retry?: Json;
  auth?: string;
  /** The line of the file on which the step begins, from 1. */
  line: number;
}

/** A workflow as the page shows it. */
export interface Workflow {
  name: string;
  trigger?: Json;
  inputs: JsonObject;
  steps: Step[];
  /** Why the file is not valid YAML. Empty if it is. */
  errors: { line: number; message: string }[];
}

export type Path = readonly (string | number)[];

/** The keys of a step, in the order in which they are written. */
const STEP_KEYS = ['id', 'for_each', 'at_once', 'if', 'operation', 'input', 'retry', 'auth'];
const WORKFLOW_KEYS = ['name', 'trigger', 'inputs', 'steps'];

export const EMPTY_WORKFLOW = 'name: New workflow\nsteps: []\n';

export function read(text: string): Workflow {
  const document = parse(text);
  const errors = document.errors.map((error) => ({ line: error.linePos?.[0].line ?? 1, message: messageOf(error) }));
  const root = document.contents;
  const workflow: Workflow = { name: '', inputs: {}, steps: [], errors };
  if (!isMap(root)) return workflow;
  try {
    workflow.name = textOf(root.get('name'));
    if (root.has('trigger')) workflow.trigger = valueOf(root.get('trigger', true), document);
    const inputs = valueOf(root.get('inputs', true), document);
    if (isYamlObject(inputs)) workflow.inputs = inputs;
    const steps = root.get('steps');
    const starts = lineStarts(text);
    if (isSeq(steps)) workflow.steps = steps.items.map((item) => stepOf(item, document, starts));
  } catch (error) {
    errors.push({ line: 1, message: String(error instanceof Error ? error.message : error) });
  }
  return workflow;
}

function stepOf(item: unknown, document: Document.Parsed, starts: number[]): Step {
  if (!isMap(item)) return { id: '', operation: '', input: {}, line: 1 };
  const value = (key: string): Json | undefined => (item.has(key) ? valueOf(item.get(key, true), document) : undefined);
  const input = value('input');
  const offset = item.range?.[0] ?? 0;
  const auth = value('auth');
  return {
    id: textOf(item.get('id')),
    operation: textOf(item.get('operation')),
    input: input !== undefined && isYamlObject(input) ? input : {},
    ...optional('forEach', value('for_each')),
    ...optional('atOnce', value('at_once')),
    ...optional('condition', value('if')),
    ...optional('retry', value('retry')),
    ...(auth === undefined ? {} : { auth: textOf(auth) }),
    line: starts.findLastIndex((start) => start <= offset) + 1,
  };
}

function optional<Key extends string>(key: Key, value: Json | undefined): { [K in Key]?: Json } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Json });
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Sets a value below a step, such as `['input', 'user_id']`; `undefined` removes it, and the maps that it leaves empty. */
export function setInStep(text: string, index: number, path: Path, value: Json | undefined): string {
  return edit(text, (document) => setIn(document, stepNode(document, index), path, value, STEP_KEYS));
}

/** Sets a value of the workflow outside its steps; `undefined` removes it. */
export function setWorkflowKey(text: string, path: Path, value: Json | undefined): string {
  return edit(text, (document) => setIn(document, rootNode(document), path, value, WORKFLOW_KEYS));
}

/** Gives a step another operation, and removes the inputs that the new one does not have. */
export function setOperation(text: string, index: number, operation: string, keepsInput: (name: string) => boolean): string {
  return edit(text, (document) => {
    const step = stepNode(document, index);
    setIn(document, step, ['operation'], operation, STEP_KEYS);
    const input = step.get('input');
    if (!isMap(input)) return;
    input.items = input.items.filter((pair) => keepsInput(keyOf(pair)));
    if (input.items.length === 0) step.delete('input');
  });
}

/** Renames a step, and the references to it. */
export function renameStep(text: string, index: number, id: string): string {
  return edit(text, (document) => {
    const step = stepNode(document, index);
    const old = textOf(step.get('id'));
    setIn(document, step, ['id'], id, STEP_KEYS);
    if (old !== '') mapTexts(stepsNode(document), (value) => (isReference(value) ? renameInText(value, old, id) : value));
  });
}

/** Inserts a step before the step at `position`. */
export function insertStep(text: string, position: number, step: JsonObject): string {
  return edit(text, (document) => {
    const steps = stepsNode(document);
    const node = nodeOf(document, step);
    steps.items.splice(position, 0, node);
    steps.flow = false;
  });
}

export function removeStep(text: string, index: number): string {
  return edit(text, (document) => {
    const steps = stepsNode(document);
    steps.items.splice(index, 1);
  });
}

/** Moves a step, with its comments, so that it ends up at `to`. */
export function moveStep(text: string, from: number, to: number): string {
  return edit(text, (document) => {
    const steps = stepsNode(document);
    const [moved] = steps.items.splice(from, 1);
    if (moved !== undefined) steps.items.splice(to, 0, moved);
  });
}

/** A step as YAML, for the clipboard. */
export function copyStep(text: string, index: number): string {
  const document = parse('steps: []');
  const source = parse(text);
  const steps = document.get('steps') as YAMLSeq;
  steps.flow = false;
  steps.items = [stepNode(source, index)];
  return document.toString({ lineWidth: 0 });
}

/** The steps of a text from the clipboard. Empty if it is something else. */
export function stepsOf(text: string): JsonObject[] {
  const document = parse(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return [];
  const steps = valueOf(document.contents.get('steps', true), document);
  return Array.isArray(steps) ? steps.filter((step) => isYamlObject(step) && typeof step.operation === 'string').map((step) => step as JsonObject) : [];
}

/** An ID that no step has yet: `base`, or with the next number after it that is free */
export function freeId(base: string, taken: readonly string[]): string {
  const plain = base.replace(/-\d+$/, '');
  if (!taken.includes(base)) return base;
  let number = Number(/-(\d+)$/.exec(base)?.[1] ?? 1) + 1;
  while (taken.includes(`${plain}-${number}`)) number += 1;
  return `${plain}-${number}`;
}

function rootNode(document: Document.Parsed): YAMLMap {
  if (!isMap(document.contents)) document.contents = new YAMLMap() as never;
  return document.contents as unknown as YAMLMap;
}

function stepsNode(document: Document.Parsed): YAMLSeq {
  const root = rootNode(document);
  const steps = root.get('steps');
  if (isSeq(steps)) return steps;
  const created = new YAMLSeq();
  root.set('steps', created);
  return created;
}

function stepNode(document: Document.Parsed, index: number): YAMLMap {
  const step = stepsNode(document).items[index];
  if (!isMap(step)) throw new Error(`There is no step ${index + 1}.`);
  return step;
}

function keyOf(pair: Pair): string {
  return textOf(isScalar(pair.key) ? pair.key.value : pair.key);
}

/** Sets or removes the value at a path below a map. New keys get their place in `order`, if it names them, else the last one. */
function setIn(document: Document.Parsed, map: YAMLMap, path: Path, value: Json | undefined, order: readonly string[] = []): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const next = map.get(key, true);
  if (rest.length > 0) {
    if (!isMap(next) && !isSeq(next)) {
      if (value === undefined) return;
      put(document, map, key, typeof rest[0] === 'number' ? new YAMLSeq() : new YAMLMap(), order);
    }
    const inner = map.get(key, true);
    if (isMap(inner)) setIn(document, inner, rest, value);
    else if (isSeq(inner)) setInList(document, inner, rest, value);
    if (value === undefined && isMap(inner) && inner.items.length === 0) map.delete(key);
    return;
  }
  if (value === undefined) map.delete(key);
  else put(document, map, key, next === undefined ? nodeOf(document, value) : replaced(document, next, value), order);
}

function setInList(document: Document.Parsed, list: YAMLSeq, path: Path, value: Json | undefined): void {
  const [key, ...rest] = path;
  if (typeof key !== 'number') return;
  const next = list.items[key];
  if (rest.length > 0) {
    if (!isMap(next) && !isSeq(next)) list.items[key] = typeof rest[0] === 'number' ? new YAMLSeq() : new YAMLMap();
    const inner = list.items[key];
    if (isMap(inner)) setIn(document, inner, rest, value);
    else if (isSeq(inner)) setInList(document, inner, rest, value);
  } else if (value === undefined) list.items.splice(key, 1);
  else list.items[key] = next === undefined ? nodeOf(document, value) : replaced(document, next, value);
}

function put(document: Document.Parsed, map: YAMLMap, key: string | number, node: unknown, order: readonly string[]): void {
  const present = map.items.find((pair) => keyOf(pair) === String(key));
  if (present) {
    present.value = node;
    return;
  }
  const pair = document.createPair(key, node) as Pair;
  pair.value = node;
  const rank = order.indexOf(String(key));
  const later = rank < 0 ? -1 : map.items.findIndex((other) => order.indexOf(keyOf(other)) > rank);
  if (later < 0) map.items.push(pair);
  else map.items.splice(later, 0, pair);
}

/** Applies a change to every text below a node. */
function mapTexts(node: unknown, change: (text: string) => string): void {
  if (isMap(node)) for (const pair of node.items) mapTexts(pair.value, change);
  else if (isSeq(node)) for (const item of node.items) mapTexts(item, change);
  else if (isScalar(node) && typeof node.value === 'string') node.value = change(node.value);
}

