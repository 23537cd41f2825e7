import { expect, it } from 'vitest';
import type { Summary } from '../src/api/types';
import { OperationIndex } from '../src/operations/search';

const summary = (name: string, title: string, group: string, description = '', stability: Summary['stability'] = 'stable'): Summary => ({
  name, title, group, description, effect: 'read', stability, idempotent: true,
});

const index = new OperationIndex([
  summary('delete_user', 'Delete user', 'User', 'Removes an account.'),
  summary('all_users', 'List users', 'User', 'Lists accounts.'),
  summary('user_roles', 'List user roles', 'User'),
  summary('old_users', 'List users, old', 'User', '', 'deprecated'),
  summary('run_look', 'Run Look', 'Look', 'Runs a saved query for a user.'),
  summary('cafe', 'Café', 'Shop'),
]);
const names = (query: string): string[] => index.find(query).map(({ name }) => name);

it('finds by title, name, group and words of the help', () => {
  expect(names('delete user')[0]).toBe('delete_user');
  expect(names('all_users')[0]).toBe('all_users');
  expect(names('shop')).toEqual(['cafe']);
  expect(names('saved query')).toEqual(['run_look']);
});

it('needs every word, in any order, whatever its case and accents', () => {
  expect(names('ROLES list')).toEqual(['user_roles']);
  expect(names('cafe')).toEqual(['cafe']);
  expect(names('list nothing')).toEqual([]);
});

it('puts titles before help, and deprecated operations last', () => {
  expect(names('user').at(-1)).toBe('old_users');
  expect(names('user').at(-2)).toBe('run_look');
  expect(names('list users')[0]).toBe('all_users');
});

it('lists everything but deprecated operations without a word', () => {
  expect(names('')).toHaveLength(5);
});

it('answers each key within a few milliseconds over many operations', () => {
  const many = new OperationIndex(Array.from({ length: 2000 }, (_, n) => summary(`operation_${n}`, `Do thing ${n}`, `Group ${n % 40}`, 'Words of a help text that is as long as usual ones are.')));
  const start = performance.now();
  for (const query of ['t', 'th', 'thi', 'thin', 'thing', 'thing 1', 'thing 19']) many.find(query);
  expect((performance.now() - start) / 7).toBeLessThan(25);
});
