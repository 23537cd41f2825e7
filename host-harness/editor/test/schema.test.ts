import { describe, expect, it } from 'vitest';
import { effectOf, elementOf, fieldOf, formOf, secretPaths, type Schema } from '../src/schema/model';
import { schemaChildren, schemaRoot } from '../src/schema/output';
import { exclusionsOf, problemsOf, rulesOf } from '../src/schema/rules';
import { convert, numberOf, withValueAt } from '../src/schema/values';

describe('fields', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      optional: { type: ['string', 'null'], title: 'Optional' },
      old: { type: 'string', deprecated: true },
      needed: { type: 'string', minLength: 1 } as Schema,
      credentials: { title: 'Email credentials', anyOf: [{ $ref: '#/$defs/Credentials' }, { type: 'null' }] },
      labels: { type: ['object', 'null'], additionalProperties: { type: 'string' } },
      ids: { type: 'array', items: { type: 'string' }, 'x-lookup': { operation: 'all', value: 'id', label: 'name' } },
      body: { title: 'Body' },
      size: { type: ['string', 'null'], enum: ['s', 'm', null] },
      port: { type: ['integer', 'string'] },
      count: { type: 'integer' },
      flag: { type: ['boolean', 'null'] },
    },
    required: ['needed'],
    additionalProperties: true,
    $defs: { Credentials: { type: 'object', properties: { password: { type: 'string', format: 'password' }, parent: { $ref: '#/$defs/Credentials' } } } },
  };
  const form = formOf(schema);
  const field = (name: string) => [...form.required, ...form.optional].find((candidate) => candidate.name === name);

  it('come required first and deprecated last', () => {
    expect(form.required.map(({ name }) => name)).toEqual(['needed']);
    expect(form.optional.at(-1)?.name).toBe('old');
    expect(form.open).toBe(true);
    expect(formOf({ properties: {}, additionalProperties: false }).open).toBe(false);
  });

  it('have the kind that their schema asks for', () => {
    const kinds = ['optional', 'credentials', 'labels', 'ids', 'body', 'size', 'port', 'count', 'flag'].map((name) => field(name)?.kind);
    expect(kinds).toEqual(['text', 'object', 'map', 'list', 'any', 'choice', 'text', 'integer', 'boolean']);
    expect(field('credentials')).toMatchObject({ title: 'Email credentials', nullable: true });
    expect(field('size')).toMatchObject({ nullable: true, choices: ['s', 'm'] });
  });

  it('hand their look-up to the elements of a list', () => {
    const ids = field('ids');
    expect(ids && elementOf(ids)).toMatchObject({ kind: 'text', lookup: { operation: 'all' }, keepsEmpty: true });
  });

  it('follow references that never end only as far as they are asked', () => {
    const loop: Schema = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } };
    expect(fieldOf('x', loop, loop).kind).toBe('any');
    expect(fieldOf('x', { $ref: '#/$defs/__proto__/x' }, loop).kind).toBe('any');
  });

  it('tell where the secrets of an input are', () => {
    expect(secretPaths(schema, { credentials: { password: 'p', parent: { password: 'q' } }, optional: 'x' })).toEqual([
      ['credentials', 'password'],
      ['credentials', 'parent', 'password'],
    ]);
  });

  it('tell the effect that a choice decides', () => {
    const call: Schema = { properties: { method: { 'x-effect': { GET: 'read', DELETE: 'delete' } } } };
    expect(effectOf(call, { method: 'GET' }, 'delete')).toBe('read');
    expect(effectOf(call, { method: '$.steps.a' }, 'delete')).toBe('delete');
  });
});

describe('either-or', () => {
  const properties = { port: { title: 'Port', minimum: 1, maximum: 65535, pattern: '^[0-9]{0,5}$' }, region: { title: 'Region' }, key: { title: 'Key' } };

  it('is read from each construct that can say it', () => {
    const schemas: Schema[] = [
      { properties, not: { required: ['port', 'region'] } },
      { properties, dependentSchemas: { port: { not: { required: ['region'] } } } },
      { properties, dependentSchemas: { port: { properties: { region: false as unknown as Schema } }, region: { properties: { port: false as unknown as Schema } } } },
      { properties, allOf: [{ not: { required: ['region', 'port'] } }] },
      { properties, oneOf: [{ required: ['port'] }, { required: ['region'] }] },
    ];
    for (const schema of schemas) {
      expect(exclusionsOf(rulesOf(schema), 'port')).toEqual(['region']);
      expect(exclusionsOf(rulesOf(schema), 'region')).toEqual(['port']);
      const problems = problemsOf(schema, { port: 443n, region: 'eu' }, false);
      expect(new Set(problems.map(({ field }) => field))).toEqual(new Set(['port', 'region']));
      expect(problemsOf(schema, { port: 443n }, false)).toEqual([]);
    }
  });

  it('says what to do', () => {
    const problems = problemsOf({ properties, not: { required: ['port', 'region'] } }, { port: '1', region: 'eu' }, false);
    expect(problems[0]?.message).toBe('Give Port or Region, not both.');
  });

  it('asks for what is missing only when the form is complete', () => {
    const schema: Schema = { properties, required: ['key'], dependentRequired: { port: ['key'] }, anyOf: [{ required: ['port'] }, { required: ['region'] }] };
    expect(problemsOf(schema, {}, false)).toEqual([]);
    expect(problemsOf(schema, {}, true).map(({ field }) => field)).toEqual(['key', 'port']);
    expect(problemsOf(schema, { port: '1' }, true).map(({ message }) => message)).toContain('Port needs Key too.');
  });

  it('checks ranges and patterns', () => {
    expect(problemsOf({ properties }, { port: 70000n }, false)[0]?.message).toBe('This must be a number from 1 to 65535.');
    expect(problemsOf({ properties }, { port: 'x' }, false)).toHaveLength(1);
    expect(problemsOf({ properties: { a: { pattern: '(' } } }, { a: 'x' }, false)).toEqual([]);
  });
});

describe('output schemas', () => {
  it('offer the first and all elements of a list', () => {
    const schema: Schema = { type: 'array', items: { $ref: '#/$defs/User' }, $defs: { User: { type: 'object', properties: { id: { type: 'string', title: 'ID' } } } } };
    const root = schemaRoot('$.steps.a', 'a', schema);
    const [first, all] = schemaChildren(root, schema);
    expect([root.type, first?.path, all?.path]).toEqual(['list of objects', '$.steps.a[0]', '$.steps.a[*]']);
    expect(first && schemaChildren(first, schema)[0]).toMatchObject({ path: '$.steps.a[0].id', type: 'string', title: 'ID' });
  });
});

describe('values', () => {
  it('keep the digits of numbers', () => {
    expect(numberOf('12345678901234567890')).toBe(12345678901234567890n);
    expect(numberOf('1.5')).toBe(1.5);
    expect(numberOf('0.1000000000000000055')).toBe('0.1000000000000000055');
    expect(numberOf('007')).toBe('007');
    expect(numberOf('')).toBeUndefined();
  });

  it('change type as far as they can', () => {
    expect(convert('5', 'number')).toBe(5n);
    expect(convert(5n, 'text')).toBe('5');
    expect(convert('a', 'json')).toEqual({});
    expect(convert({ a: 1n }, 'text')).toBe('{"a":1}');
  });

  it('change at a path without changing the original', () => {
    const value = { a: { b: [1, 2] }, c: 3 };
    expect(withValueAt(value, ['a', 'b', 1], 9)).toEqual({ a: { b: [1, 9] }, c: 3 });
    expect(withValueAt(value, ['c'], undefined)).toEqual({ a: { b: [1, 2] } });
    expect(value).toEqual({ a: { b: [1, 2] }, c: 3 });
  });
});
