import { describe, expect, it } from 'vitest';
import { bytesText, durationText } from '../src/data/format';
import { isAt } from '../src/components/steps/problem-place';
import { withoutSecrets } from '../src/workflow/draft';
import { History } from '../src/workflow/history';
import { isEqual, parseJson, writeJson } from '../src/workflow/json';

describe('undo', () => {
  it('goes back and forth', () => {
    const history = new History();
    history.record('a', '', 0);
    history.record('b', '', 10);
    expect(history.undo('c')).toBe('b');
    expect(history.undo('b')).toBe('a');
    expect(history.undo('a')).toBeUndefined();
    expect(history.redo('a')).toBe('b');
    expect(history.canRedo).toBe(true);
  });

  it('takes typing in one field together, but not after a pause or in another field', () => {
    const history = new History();
    history.record('', 'x', 0);
    history.record('a', 'x', 100);
    history.record('ab', 'x', 200);
    expect(history.undo('abc')).toBe('');
    const paused = new History();
    paused.record('', 'x', 0);
    paused.record('a', 'x', 5000);
    paused.record('ab', 'y', 5100);
    expect(paused.undo('abc')).toBe('ab');
    expect(paused.undo('ab')).toBe('a');
  });

  it('forgets what was undone once something else changes', () => {
    const history = new History();
    history.record('a', '', 0);
    history.undo('b');
    history.record('a', '', 1);
    expect(history.canRedo).toBe(false);
  });
});

describe('drafts', () => {
  const text = 'name: a\nsteps:\n  - id: x\n    operation: login\n    input: { user: ada, password: hunter2 } # secret\n';
  const schema = { properties: { user: { type: 'string' }, password: { type: 'string', format: 'password' } } };

  it('lack the values of passwords and keep everything else', () => {
    const stored = withoutSecrets(text, () => schema);
    expect(stored).not.toContain('hunter2');
    expect(stored).toContain('user: ada');
    expect(stored).toContain('# secret');
  });

  it('lack the defaults of secret inputs', () => {
    const inputs = 'name: a\ninputs:\n  token: { type: string, format: password, default: hunter2 }\n  other: { default: kept }\nsteps: []\n';
    const stored = withoutSecrets(inputs, () => schema);
    expect(stored).not.toContain('hunter2');
    expect(stored).toContain('kept');
  });

  it('keep references in password fields', () => {
    const reference = text.replace('hunter2', '"$.steps.y.token"');
    expect(withoutSecrets(reference, () => schema)).toBe(reference);
  });

  it('are not made while secrets cannot be told apart', () => {
    expect(withoutSecrets(text, () => undefined)).toBeUndefined();
    expect(withoutSecrets('steps: [', () => schema)).toBeUndefined();
  });
});

describe('JSON', () => {
  it('writes long integers with all digits', () => {
    expect(writeJson({ a: 12345678901234567890n, b: [1, null, 'x"'], c: undefined })).toBe('{"a":12345678901234567890,"b":[1,null,"x\\""]}');
    expect(writeJson({ a: [] , b: { c: 1 } }, 2)).toBe('{\n  "a": [],\n  "b": {\n    "c": 1\n  }\n}');
  });

  it('reads them too, where the engine tells the source', () => {
    const value = parseJson('{"a": 12345678901234567890, "b": 1.5}') as { a: unknown; b: unknown };
    // Node 20 does not tell the source of a number; browsers do.
    expect(['number', 'bigint']).toContain(typeof value.a);
    expect(value.b).toBe(1.5);
  });

  it('compares whatever the order of keys', () => {
    expect(isEqual({ a: 1, b: [2n] }, { b: [2n], a: 1 })).toBe(true);
    expect(isEqual({ a: 1 }, { a: 1, b: undefined })).toBe(false);
  });
});

it('puts problems at the field that they are about', () => {
  expect(isAt('input.user_id', ['input', 'user_id'])).toBe(true);
  expect(isAt('input.user_id', ['input', 'user'])).toBe(false);
  expect(isAt("input.filters['a.b']", ['input', 'filters'])).toBe(true);
  expect(isAt("input.filters['a.b']", ['input', 'filters', 'a.b'])).toBe(true);
  expect(isAt('input.a.b.c', ['input', 'a', 'b'])).toBe(false);
  expect(isAt('for_each', ['for_each'])).toBe(true);
});

it('shows sizes and times for people', () => {
  expect([bytesText(999), bytesText(1500), bytesText(30_000_000)]).toEqual(['999 B', '1.5 kB', '30 MB']);
  expect([durationText(84), durationText(1234), durationText(125_000)]).toEqual(['84 ms', '1.2 s', '2 min 5 s']);
});
