import { expect, it } from 'vitest';
import { mergeLines } from '../src/workflow/merge';

it('takes only the changed lines', () => {
  expect(mergeLines('a\nb:   1\nc', 'a\nb: 1\nc', 'a\nb: 1\nd')).toBe('a\nb:   1\nd');
});

it('keeps lines that the library would join', () => {
  const original = 'a: [\n  1,\n  2\n]\nb: 1\nc: 2';
  expect(mergeLines(original, 'a: [ 1, 2 ]\nb: 1\nc: 2', 'a: [ 1, 2 ]\nb: 1\nc: 3')).toBe('a: [\n  1,\n  2\n]\nb: 1\nc: 3');
});

it('takes a change of spacing within a text', () => {
  expect(mergeLines('a: x y', 'a: x y', 'a: xy')).toBe('a: xy');
  expect(mergeLines('a:  x y\nb: 1', 'a: x y\nb: 1', 'a: xy\nb: 1')).toBe('a: xy\nb: 1');
});

it('indents new lines as their neighbors are', () => {
  expect(mergeLines('a:\n    b: 1\nc: 2', 'a:\n  b: 1\nc: 2', 'a:\n  b: 1\n  d: 3\nc: 2')).toBe('a:\n    b: 1\n    d: 3\nc: 2');
});

it('inserts and removes', () => {
  expect(mergeLines('a\nb', 'a\nb', 'a\nnew\nb')).toBe('a\nnew\nb');
  expect(mergeLines('a\nb\nc', 'a\nb\nc', 'a\nc')).toBe('a\nc');
});

it('gives the new text where two files are too different to compare', () => {
  const many = (word: string): string => Array.from({ length: 3000 }, (_, line) => `${word} ${line}`).join('\n');
  expect(mergeLines(many('a'), many('b'), many('c'))).toBe(many('c'));
});
