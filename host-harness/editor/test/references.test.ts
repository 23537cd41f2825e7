import { describe, expect, it } from 'vitest';
import { curve } from '../src/references/curve';
import * as path from '../src/references/path';

describe('paths', () => {
  it('use dots where they can and brackets where they must', () => {
    expect(path.stepPath('looker-1')).toBe('$.steps.looker-1');
    expect(path.stepPath('7 up')).toBe("$.steps['7 up']");
    expect(path.childPath('$.steps.a', 'id')).toBe('$.steps.a.id');
    expect(path.childPath('$.steps.a', 0)).toBe('$.steps.a[0]');
    expect(path.childPath('$.steps.a', 'orders.id')).toBe("$.steps.a['orders.id']");
    expect(path.childPath('$.steps.a', 'first-name')).toBe("$.steps.a['first-name']");
    expect(path.childPath('$.steps.a', '1st')).toBe("$.steps.a['1st']");
    expect(path.childPath('$.steps.a', 'größe')).toBe('$.steps.a.größe');
    expect(path.childPath('$.steps.a', "it's\\\n\u0001")).toBe("$.steps.a['it\\'s\\\\\\n\\u0001']");
    expect(path.allPath('$.steps.a')).toBe('$.steps.a[*]');
  });

  it('name the step that they begin with', () => {
    expect(path.stepOf('$.steps.looker-1[0].id')).toBe('looker-1');
    expect(path.stepOf("$.steps['a b'].id")).toBe('a b');
    expect(path.stepOf(path.stepPath("it's"))).toBe("it's");
    expect(path.stepOf('$.item.id')).toBeUndefined();
  });

  it('follow a step that is renamed, and no other', () => {
    expect(path.renameStep('$.steps.a.id', 'a', 'b')).toBe('$.steps.b.id');
    expect(path.renameStep('$.steps.ab.id', 'a', 'b')).toBe('$.steps.ab.id');
    expect(path.renameStep("$.steps['a b'][0]", 'a b', 'c')).toBe('$.steps.c[0]');
  });

  it('differ from plain text', () => {
    expect(path.isReference('$.steps.a')).toBe(true);
    expect(path.isReference('$5')).toBe(false);
    expect(path.isReference('$$.95')).toBe(false);
    expect(path.literal('$.95')).toBe('$$.95');
    expect(path.literal('$5')).toBe('$5');
  });

  it('are found within values', () => {
    expect(path.referencesIn({ a: '$.steps.x', b: ['$.item', 'c'], d: { e: '$.inputs.f' }, g: null })).toEqual(['$.steps.x', '$.item', '$.inputs.f']);
  });
});

it('draws the snake sideways out of both ends', () => {
  expect(curve({ x: 0, y: 10 }, { x: 200, y: 50 }, 1, -1)).toBe('M0 10C100 10 100 50 200 50');
  expect(curve({ x: 300, y: 10 }, { x: 290, y: 50 }, -1, 1)).toBe('M300 10C268 10 322 50 290 50');
});
