import { isObject } from '../workflow/json';
import { resolve, type Schema } from './model';

/** What a schema says about which fields go together. */
export type Rule =
  /** Not all of these fields at once. */
  | { kind: 'not-together'; fields: string[] }
  /** With `field`, all of `needs`. */
  | { kind: 'needs'; field: string; needs: string[] }
  /** One of these groups of fields; exactly one if `only`. */
  | { kind: 'one-of'; groups: string[][]; only: boolean };

export interface FieldProblem {
  field: string;
  message: string;
}

/** The rules in `not`, `dependentSchemas`, `dependentRequired`, `oneOf`, `anyOf` and `allOf` of an object's schema. */
export function rulesOf(schema: Schema): Rule[] {
  const rules: Rule[] = [];
  const excluded = schema.not?.required;
  if (excluded && excluded.length > 1) rules.push({ kind: 'not-together', fields: excluded });
  for (const [field, dependent] of Object.entries(schema.dependentSchemas ?? {})) {
    if (!isObject(dependent)) continue;
    const then = dependent as Schema;
    const forbidden = Object.entries(then.properties ?? {}).filter(([, property]) => (property as unknown) === false).map(([name]) => name);
    for (const other of [...forbidden, ...(then.not?.required?.length === 1 ? then.not.required : [])]) {
      addExclusion(rules, [field, other]);
    }
    if (then.required) rules.push({ kind: 'needs', field, needs: then.required });
  }
  for (const [field, needs] of Object.entries(schema.dependentRequired ?? {})) rules.push({ kind: 'needs', field, needs });
  for (const [cases, only] of [[schema.oneOf, true], [schema.anyOf, false]] as const) {
    const groups = (cases ?? []).map((option) => option.required ?? []);
    if (groups.length > 1 && groups.every((group) => group.length > 0)) rules.push({ kind: 'one-of', groups, only });
  }
  for (const part of schema.allOf ?? []) rules.push(...rulesOf(part));
  return rules;
}

function addExclusion(rules: Rule[], fields: string[]): void {
  const isKnown = rules.some((rule) => rule.kind === 'not-together' && rule.fields.length === fields.length && fields.every((field) => rule.fields.includes(field)));
  if (!isKnown) rules.push({ kind: 'not-together', fields });
}

/** The fields that cannot be given beside `field`. */
export function exclusionsOf(rules: Rule[], field: string): string[] {
  const found = rules.flatMap((rule) => {
    if (rule.kind === 'not-together' && rule.fields.length === 2 && rule.fields.includes(field)) return rule.fields;
    if (rule.kind === 'one-of' && rule.only) {
      const own = rule.groups.filter((group) => group.includes(field));
      return own.length === 1 ? rule.groups.filter((group) => !group.includes(field)).flat() : [];
    }
    return [];
  });
  return [...new Set(found)].filter((other) => other !== field);
}

/** What is wrong with a flat object of values while somebody fills it in. An empty text counts as absent. */
export function problemsOf(schema: Schema, values: Record<string, unknown>, whenComplete: boolean): FieldProblem[] {
  const resolved = resolve(schema, schema);
  const title = (field: string): string => resolved.properties?.[field]?.title ?? field;
  const isGiven = (field: string): boolean => values[field] !== undefined && values[field] !== '' && values[field] !== null;
  const problems: FieldProblem[] = [];
  const add = (field: string, message: string): void => void problems.push({ field, message });
  for (const field of whenComplete ? (resolved.required ?? []) : []) if (!isGiven(field)) add(field, `${title(field)} is required.`);
  for (const rule of rulesOf(resolved)) {
    if (rule.kind === 'not-together' && rule.fields.every(isGiven)) {
      const names = rule.fields.map(title);
      for (const field of rule.fields) add(field, `Give ${names.join(' or ')}, not ${names.length === 2 ? 'both' : 'all of them'}.`);
    } else if (rule.kind === 'needs' && whenComplete && isGiven(rule.field)) {
      for (const field of rule.needs) if (!isGiven(field)) add(field, `${title(rule.field)} needs ${title(field)} too.`);
    } else if (rule.kind === 'one-of') {
      const given = rule.groups.filter((group) => group.every(isGiven));
      const names = rule.groups.map((group) => group.map(title).join(' with '));
      if (rule.only && given.length > 1) for (const field of given.flat()) add(field, `Give only one of these: ${names.join('; ')}.`);
      const first = rule.groups[0]?.[0];
      if (whenComplete && given.length === 0 && first !== undefined) add(first, `Give ${names.join(', or ')}.`);
    }
  }
  for (const [field, property] of Object.entries(resolved.properties ?? {})) {
    const message = isGiven(field) ? valueProblem(property, values[field]) : undefined;
    if (message !== undefined) add(field, message);
  }
  return problems;
}

function valueProblem(schema: Schema, value: unknown): string | undefined {
  const number = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : undefined;
  if (number !== undefined && (schema.minimum !== undefined || schema.maximum !== undefined)) {
    const [low, high] = [schema.minimum ?? -Infinity, schema.maximum ?? Infinity];
    if (number < low || number > high) return rangeText(schema);
  }
  if (typeof value === 'string' && schema.pattern !== undefined && !matches(schema.pattern, value)) {
    return schema.minimum !== undefined || schema.maximum !== undefined ? rangeText(schema) : `This must match the pattern ${schema.pattern}.`;
  }
  return undefined;
}

function rangeText(schema: Schema): string {
  if (schema.minimum === undefined) return `This must be a number of at most ${schema.maximum}.`;
  return schema.maximum === undefined ? `This must be a number of at least ${schema.minimum}.` : `This must be a number from ${schema.minimum} to ${schema.maximum}.`;
}

/** Patterns come from the connector. One that is no regular expression here is left to the connector. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}
