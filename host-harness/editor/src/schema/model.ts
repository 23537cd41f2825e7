import { isObject, type Json } from '../workflow/json';

/** A JSON Schema (draft 2020-12) of the subset that the contract uses. */
export interface Schema {
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: Json[];
  const?: Json;
  format?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  not?: Schema;
  dependentRequired?: Record<string, string[]>;
  dependentSchemas?: Record<string, Schema | boolean>;
  examples?: Json[];
  default?: Json;
  deprecated?: boolean;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
  'x-lookup'?: Lookup;
  'x-effect'?: Record<string, Effect>;
  'x-oauth'?: Record<string, unknown>;
  'x-since'?: string;
  'x-cost'?: string;
}

export type Effect = 'read' | 'write' | 'delete';

/** The operation that lists the choices for a field, and which of their properties to store and to show. */
export interface Lookup {
  operation: string;
  value: string;
  label: string;
}

export type Kind = 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'object' | 'list' | 'map' | 'any';

/** What a form needs to know of one field. */
export interface Field {
  name: string;
  title: string;
  help: string;
  kind: Kind;
  required: boolean;
  nullable: boolean;
  secret: boolean;
  deprecated: boolean;
  /** Whether an emptied text stays, as an element of a list or a map does. */
  keepsEmpty: boolean;
  /** The values of a choice, `null` left out. */
  choices: Json[];
  /** The effect that the call has with each value of a choice. */
  effects: Record<string, Effect>;
  lookup?: Lookup;
  format?: string;
  since?: string;
  example?: string;
  /** What an empty field shows, in place of an example. */
  placeholder?: string;
  schema: Schema;
  /** The document that `$ref` points into. */
  root: Schema;
}

export interface Form {
  required: Field[];
  optional: Field[];
  /** Whether the operation takes inputs that its schema does not name. */
  open: boolean;
}

/** The fields of an object's schema: required ones first, deprecated ones last. */
export function formOf(schema: Schema, root: Schema = schema): Form {
  const resolved = resolve(schema, root);
  const required = new Set(resolved.required ?? []);
  const fields = Object.entries(resolved.properties ?? {}).map(([name, property]) => fieldOf(name, property, root, required.has(name)));
  const optional = fields.filter((field) => !field.required);
  return {
    required: fields.filter((field) => field.required),
    optional: [...optional.filter((field) => !field.deprecated), ...optional.filter((field) => field.deprecated)],
    open: resolved.additionalProperties !== false,
  };
}

export function fieldOf(name: string, property: Schema, root: Schema, required = false): Field {
  const schema = resolve(property, root);
  const types = typesOf(schema);
  const choices = choicesOf(schema);
  const field: Field = {
    name,
    title: schema.title ?? name,
    help: schema.description ?? '',
    kind: kindOf(schema, types, choices),
    required,
    nullable: types.includes('null') || choices.includes(null),
    secret: schema.format === 'password',
    deprecated: schema.deprecated === true,
    keepsEmpty: false,
    choices: choices.filter((choice) => choice !== null),
    effects: schema['x-effect'] ?? {},
    schema,
    root,
  };
  if (schema['x-lookup']) field.lookup = schema['x-lookup'];
  if (schema.format !== undefined) field.format = schema.format;
  if (schema['x-since'] !== undefined) field.since = schema['x-since'];
  const example = schema.examples?.[0];
  if (example !== undefined && !isObject(example)) field.example = String(example);
  return field;
}

/** The field of one element of a list, or of one value of a map. */
export function elementOf(field: Field): Field {
  const { items, additionalProperties } = field.schema;
  const schema = field.kind === 'list' ? (items ?? {}) : isObject(additionalProperties) ? (additionalProperties as Schema) : {};
  const element = fieldOf('', schema, field.root);
  element.title = element.schema.title ?? '';
  if (field.lookup) element.lookup = field.lookup;
  element.secret ||= field.secret;
  element.keepsEmpty = true;
  return element;
}

/** Follows `$ref`, and joins an `anyOf` of one schema and null. Titles beside them win. */
export function resolve(schema: Schema, root: Schema, depth = 0): Schema {
  if (depth > 16) return {};
  const { $ref, anyOf, oneOf, ...beside } = schema;
  if ($ref !== undefined) return { ...resolve(target($ref, root), root, depth + 1), ...beside };
  const cases = anyOf ?? oneOf;
  if (!cases || beside.properties) return schema;
  const others = cases.filter((option) => option.type !== 'null');
  const only = others[0];
  if (others.length !== 1 || only === undefined) return schema;
  const inner = resolve(only, root, depth + 1);
  const isNullable = others.length < cases.length;
  const types = isNullable && inner.type !== undefined ? { type: [...new Set([inner.type, 'null'].flat())] } : {};
  return { ...inner, ...beside, ...types };
}

function target(reference: string, root: Schema): Schema {
  if (!reference.startsWith('#')) return {};
  const parts = reference.slice(1).split('/').slice(1).map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));
  let current: unknown = root;
  for (const part of parts) current = isObject(current) && Object.hasOwn(current, part) ? current[part] : undefined;
  return isObject(current) ? (current as Schema) : {};
}

export function typesOf(schema: Schema): string[] {
  return schema.type === undefined ? [] : [schema.type].flat();
}

function choicesOf(schema: Schema): Json[] {
  if (schema.enum) return schema.enum;
  const cases = schema.oneOf ?? schema.anyOf ?? [];
  const constants = cases.filter((option) => option.const !== undefined).map((option) => option.const as Json);
  return constants.length > 0 && constants.length === cases.length ? constants : [];
}

function kindOf(schema: Schema, types: string[], choices: Json[]): Kind {
  if (choices.length > 0) return 'choice';
  const concrete = types.filter((type) => type !== 'null');
  if (concrete.length === 0) return schema.properties ? 'object' : 'any';
  if (concrete.includes('string') && concrete.every((type) => ['string', 'integer', 'number'].includes(type))) return 'text';
  if (concrete.length > 1) return 'any';
  switch (concrete[0]) {
    case 'string':
      return 'text';
    case 'integer':
      return 'integer';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return 'list';
    case 'object':
      if (schema.properties && Object.keys(schema.properties).length > 0) return 'object';
      return isObject(schema.additionalProperties) ? 'map' : 'any';
    default:
      return 'any';
  }
}

/** The paths of the values in `input` whose schema has `format: password`. */
export function secretPaths(schema: Schema, input: unknown, root: Schema = schema): (string | number)[][] {
  const resolved = resolve(schema, root);
  if (resolved.format === 'password') return input === null || input === undefined || input === '' ? [] : [[]];
  if (Array.isArray(input)) {
    return input.flatMap((item, index) => secretPaths(resolved.items ?? {}, item, root).map((path) => [index, ...path]));
  }
  if (!isObject(input)) return [];
  return Object.entries(input).flatMap(([key, value]) => {
    const inner = resolved.properties?.[key] ?? resolved.additionalProperties;
    return isObject(inner) ? secretPaths(inner as Schema, value, root).map((path) => [key, ...path]) : [];
  });
}

/** The effect of a call with this input: the strongest that the operation may have, unless a choice decides it. */
export function effectOf(schema: Schema, input: unknown, strongest: Effect): Effect {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = isObject(input) ? input[name] : undefined;
    const effect = typeof value === 'string' ? property['x-effect']?.[value] : undefined;
    if (effect !== undefined) return effect;
  }
  return strongest;
}
