import { allPath, childPath } from '../references/path';
import { resolve, typesOf, type Schema } from './model';

/** A place in an output that its schema describes, before any run. */
export interface SchemaNode {
  /** The name that the tree shows: a property, "first item" or "all items". */
  label: string;
  path: string;
  title: string;
  help: string;
  /** The type, as the tree shows it: "string", "list of objects". */
  type: string;
  schema: Schema;
  hasChildren: boolean;
}

export function schemaRoot(path: string, label: string, schema: Schema, root: Schema = schema): SchemaNode {
  return nodeOf(path, label, schema, root);
}

/** What the schema says lies below a node. */
export function schemaChildren(node: SchemaNode, root: Schema): SchemaNode[] {
  const { schema } = node;
  if (schema.items || typesOf(schema).includes('array')) {
    const items = schema.items ?? {};
    return [nodeOf(childPath(node.path, 0), 'first item', items, root), nodeOf(allPath(node.path), 'all items', items, root)];
  }
  return Object.entries(schema.properties ?? {}).map(([name, property]) => nodeOf(childPath(node.path, name), name, property, root));
}

function nodeOf(path: string, label: string, property: Schema, root: Schema): SchemaNode {
  const schema = resolve(property, root);
  const isList = schema.items !== undefined || typesOf(schema).includes('array');
  const hasChildren = isList || Object.keys(schema.properties ?? {}).length > 0;
  return { label, path, title: schema.title ?? '', help: schema.description ?? '', type: typeText(schema, root), schema, hasChildren };
}

function typeText(schema: Schema, root: Schema): string {
  const types = typesOf(schema).filter((type) => type !== 'null');
  if (schema.items) {
    const inner = typesOf(resolve(schema.items, root)).filter((type) => type !== 'null');
    return inner.length === 1 ? `list of ${inner[0]}s` : 'list';
  }
  if (types.length === 0) return schema.properties ? 'object' : 'any';
  return types.map((type) => (type === 'array' ? 'list' : type)).join(' or ');
}

/** Every path to at most `depth` levels, for the search of the picker. */
export function schemaPaths(node: SchemaNode, root: Schema, depth: number): SchemaNode[] {
  if (depth === 0) return [node];
  return [node, ...schemaChildren(node, root).flatMap((child) => schemaPaths(child, root, depth - 1))];
}
