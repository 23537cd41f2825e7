import type { Operation, OutputInfo } from '../api/types';
import { isReference, stepOf, stepPath } from '../references/path';
import { resolve, type Schema } from '../schema/model';
import { schemaChildren, schemaRoot, type SchemaNode } from '../schema/output';
import type { Step, Workflow } from '../workflow/document';
import { outputSource, schemaSource, type TreeSource } from './tree';

/** Values that a step can use, under one heading. */
export interface DataSource {
  /** The heading: the ID of a step, "Inputs of the workflow" or "Item". */
  title: string;
  subtitle: string;
  /** A key that changes whenever the values do. */
  key: string;
  source: TreeSource;
}

interface Known {
  outputs: ReadonlyMap<string, OutputInfo>;
  operations: ReadonlyMap<string, Operation | null>;
}

/** Everything that the step at `index` can refer to: its item, the inputs of the workflow, and earlier steps, the nearest first. */
export function sourcesFor(workflow: Workflow, index: number, known: Known): DataSource[] {
  const step = workflow.steps[index];
  const earlier = workflow.steps.slice(0, index);
  const sources: DataSource[] = [];
  if (step?.forEach !== undefined) {
    sources.push(itemOf(step, workflow, earlier, known));
    const number: Schema = { type: 'integer' };
    sources.push({ title: 'Index', subtitle: 'the number of this element, from 0', key: 'index', source: schemaSource(schemaRoot('$.index', 'index', number), number) });
  }
  if (Object.keys(workflow.inputs).length > 0) {
    const schema: Schema = { type: 'object', properties: workflow.inputs as Record<string, Schema> };
    sources.push({ title: 'Inputs of the workflow', subtitle: '', key: JSON.stringify(Object.keys(workflow.inputs)), source: schemaSource(schemaRoot('$.inputs', 'inputs', schema), schema) });
  }
  for (const other of earlier.toReversed()) if (other.id !== '') sources.push(stepSource(other, known));
  return sources;
}

/** The output of one step: kept, or as the schema describes it. */
export function stepSource(step: Step, known: Known): DataSource {
  const operation = known.operations.get(step.operation) ?? undefined;
  const output = known.outputs.get(step.id);
  const subtitle = operation?.title ?? step.operation;
  if (output) return { title: step.id, subtitle, key: `${step.id} ${output.finished_at} ${output.bytes}`, source: outputSource(step.id, step.id) };
  const schema = outputSchemaOf(step, operation);
  return { title: step.id, subtitle, key: `${step.id} ${operation ? step.operation : ''}`, source: schemaSource(schemaRoot(stepPath(step.id), step.id, schema), schema) };
}

/** With `for_each`, the output is the list of outputs. */
function outputSchemaOf(step: Step, operation: Operation | undefined): Schema {
  const schema = operation?.output_schema ?? {};
  if (step.forEach === undefined) return schema;
  const { $defs, ...items } = schema;
  return { type: 'array', items, ...($defs ? { $defs } : {}) };
}

/** `$.item` is an element of what `for_each` refers to. */
function itemOf(step: Step, workflow: Workflow, earlier: Step[], known: Known): DataSource {
  const heading = { title: 'Item', subtitle: 'the element that the step runs for' };
  const reference = step.forEach;
  if (isReference(reference)) {
    const id = stepOf(reference);
    const other = earlier.find((candidate) => candidate.id === id);
    if (other && known.outputs.has(other.id)) {
      const base = `$${reference.slice(stepPath(other.id).length)}[0]`;
      return { ...heading, key: `item ${reference}`, source: outputSource(other.id, 'item', base, '$.item') };
    }
    const start = other ? stepSource(other, known).source : undefined;
    const schema: Schema = other ? outputSchemaOf(other, known.operations.get(other.operation) ?? undefined) : { type: 'object', properties: workflow.inputs as Record<string, Schema> };
    const from = other ? stepPath(other.id) : '$.inputs';
    const found = start || reference.startsWith('$.inputs') ? walk(schemaRoot(from, '', schema), schema, `${reference}[0]`) : undefined;
    if (found) return { ...heading, key: `item ${reference}`, source: schemaSource({ ...found, path: '$.item', label: 'item' }, schema) };
  }
  return { ...heading, key: 'item', source: schemaSource(schemaRoot('$.item', 'item', {}), {}) };
}

/** The node of a schema for a path. */
function walk(node: SchemaNode, root: Schema, path: string): SchemaNode | undefined {
  if (node.path === path) return { ...node, schema: resolve(node.schema, root) };
  for (const child of schemaChildren(node, root)) if (path.startsWith(child.path) && /^($|[.[])/.test(path.slice(child.path.length))) return walk(child, root, path);
  return undefined;
}
