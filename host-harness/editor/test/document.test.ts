import { describe, expect, it } from 'vitest';
import * as edits from '../src/workflow/document';

const FILE = `# Adds a user.
name:   Add a user   # the name
trigger: manual
steps:
  # first the list
  - id: looker-1
    operation: all_users
    input: { fields: "id,display_name",limit: 12345678901234567890 }

  # then the user
  - id: looker-2
    operation: create_user
    input: { first_name: 'Ada', last_name: Lovelace }   # who
  - id: looker-3
    operation: user
    input:
        user_id: "$.steps.looker-2.id"
        code: 007
`;

/** The lines that differ between two texts of equal length. */
function changedLines(before: string, after: string): string[] {
  const old = new Set(before.split('\n'));
  return after.split('\n').filter((line) => !old.has(line));
}

describe('reading', () => {
  it('shows steps with their inputs and lines', () => {
    const workflow = edits.read(FILE);
    expect(workflow.errors).toEqual([]);
    expect(workflow.steps.map((step) => [step.id, step.operation, step.line])).toEqual([
      ['looker-1', 'all_users', 6],
      ['looker-2', 'create_user', 11],
      ['looker-3', 'user', 14],
    ]);
  });

  it('keeps the digits of long integers, and takes numbers with a leading zero for text', () => {
    const [first, , third] = edits.read(FILE).steps;
    expect(first?.input.limit).toBe(12345678901234567890n);
    expect(third?.input.code).toBe('007');
  });

  it('tells why a file is not valid, with the line', () => {
    const { errors } = edits.read('name: a\nsteps: [\n');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]?.line).toBeGreaterThan(1);
  });

  it('survives any text', () => {
    for (const text of ['', '42', '- a', 'steps: 5', 'steps:\n - 5\n - {id: 7}', 'a: &x [*x]', `${'['.repeat(2000)}`]) {
      expect(() => edits.read(text)).not.toThrow();
    }
  });
});

describe('a change in a form', () => {
  it('touches only its own line', () => {
    const after = edits.setInStep(FILE, 1, ['input', 'first_name'], 'Grace');
    expect(changedLines(FILE, after)).toEqual(["    input: { first_name: 'Grace', last_name: Lovelace } # who"]);
    expect(after).toContain('name:   Add a user   # the name');
    expect(after).toContain('limit: 12345678901234567890 }');
  });

  it('keeps digits, quotation marks and indentation of the other steps', () => {
    const after = edits.setInStep(FILE, 0, ['input', 'limit'], 12345678901234567891n);
    expect(after).toContain('12345678901234567891');
    expect(after).toContain('        user_id: "$.steps.looker-2.id"\n        code: 007\n');
  });

  it('adds, changes and removes nested values', () => {
    let text = edits.setInStep(FILE, 2, ['input', 'filters', 'a.b'], '1');
    expect(edits.read(text).steps[2]?.input.filters).toEqual({ 'a.b': '1' });
    text = edits.setInStep(text, 2, ['input', 'filters', 'a.b'], undefined);
    expect(edits.read(text).steps[2]?.input).toEqual({ user_id: '$.steps.looker-2.id', code: '007' });
  });

  it('removes an input that has become empty', () => {
    const text = edits.setInStep('name: a\nsteps:\n  - id: x\n    operation: y\n    input: { a: 1 }\n', 0, ['input', 'a'], undefined);
    expect(text).toBe('name: a\nsteps:\n  - id: x\n    operation: y\n');
  });

  it('changes elements of lists', () => {
    let text = edits.setInStep(FILE, 2, ['input', 'ids'], ['1', '2', '3']);
    text = edits.setInStep(text, 2, ['input', 'ids', 1], '9');
    expect(edits.read(text).steps[2]?.input.ids).toEqual(['1', '9', '3']);
  });

  it('quotes text that YAML would read as something else', () => {
    for (const value of ['1', 'true', 'null', '# a', '$.steps.a[0]', '- a', 'a: b', '', ' a ', 'a\nb', '\u202e', '0x1f', '1e3', '~']) {
      const text = edits.setInStep(FILE, 1, ['input', 'last_name'], value);
      expect(edits.read(text).steps[1]?.input.last_name).toBe(value);
    }
  });

  it('puts the keys of a step in the usual order', () => {
    let text = edits.setInStep(FILE, 1, ['auth'], 'production');
    text = edits.setInStep(text, 1, ['for_each'], '$.steps.looker-1');
    const keys = text.slice(text.indexOf('looker-2')).match(/^ {4}(\w+):/gm)?.slice(0, 4).map((key) => key.trim());
    expect(keys).toEqual(['for_each:', 'operation:', 'input:', 'auth:']);
  });

  it('is refused while the file is not valid YAML', () => {
    expect(() => edits.setInStep('steps: [', 0, ['auth'], 'a')).toThrow(/not valid YAML/);
  });
});

describe('steps', () => {
  it('move with their comments', () => {
    const text = edits.moveStep(FILE, 1, 2);
    expect(edits.read(text).steps.map((step) => step.id)).toEqual(['looker-1', 'looker-3', 'looker-2']);
    expect(text).toMatch(/# then the user\n\s+- id: looker-2/);
    expect(text).toContain('# who');
  });

  it('are removed and come back as they were by undo of the text', () => {
    const text = edits.removeStep(FILE, 0);
    expect(edits.read(text).steps.map((step) => step.id)).toEqual(['looker-2', 'looker-3']);
    expect(text).toContain('name:   Add a user   # the name');
  });

  it('are renamed together with the references to them', () => {
    const text = edits.renameStep(FILE, 1, 'new user');
    expect(edits.read(text).steps[2]?.input.user_id).toBe("$.steps['new user'].id");
    expect(text).toContain('operation: all_users');
  });

  it('are copied as YAML and pasted', () => {
    const copied = edits.copyStep(FILE, 1);
    expect(edits.stepsOf(copied)).toEqual([{ id: 'looker-2', operation: 'create_user', input: { first_name: 'Ada', last_name: 'Lovelace' } }]);
    expect(edits.stepsOf('anything else')).toEqual([]);
    expect(edits.stepsOf('steps: [1, {a: 2}]')).toEqual([]);
  });

  it('are inserted into an empty workflow', () => {
    const text = edits.insertStep(edits.EMPTY_WORKFLOW, 0, { id: 'a', operation: 'me' });
    expect(text).toBe('name: New workflow\nsteps:\n  - id: a\n    operation: me\n');
  });

  it('lose the inputs that another operation does not have', () => {
    const text = edits.setOperation(FILE, 1, 'update_user', (name) => name === 'last_name');
    expect(edits.read(text).steps[1]).toMatchObject({ operation: 'update_user', input: { last_name: 'Lovelace' } });
  });

  it('get IDs that are free', () => {
    expect(edits.freeId('looker-1', ['looker-1', 'looker-2'])).toBe('looker-3');
    expect(edits.freeId('a', [])).toBe('a');
  });
});

describe('a file with spacing of its own', () => {
  const OWN = `steps:
- id: a
  operation: x
  input:
      list:
          - 1
          - { b:   2 }
      text: |
          line one
            line two
- {id: b,   operation: y,
   input: {c: "$.steps.a.list"}}
`;

  it('keeps it wherever the change is not', () => {
    const added = edits.setInStep(OWN, 0, ['input', 'more'], 'm');
    expect(added).toContain('      more: m\n');
    expect(added).toContain('          - { b:   2 }\n');
    expect(added).toContain('- {id: b,   operation: y,\n   input: {c: "$.steps.a.list"}}');
  });

  it('keeps its values through any change', () => {
    const before = edits.read(OWN).steps;
    const changes = [
      edits.setInStep(OWN, 0, ['input', 'list', 1, 'b'], 3n),
      edits.setInStep(OWN, 1, ['input', 'd'], { e: [1n, 'two'] }),
      edits.insertStep(OWN, 1, { id: 'n', operation: 'z', input: { a: { b: 'c' } } }),
      edits.moveStep(OWN, 0, 1),
      edits.setWorkflowKey(OWN, ['name'], 'named'),
    ];
    for (const text of changes) {
      const after = edits.read(text);
      expect(after.errors).toEqual([]);
      expect(after.steps.find((step) => step.id === 'a')?.input.text).toBe(before[0]?.input.text);
      expect(after.steps.find((step) => step.id === 'b')?.input.c).toBe('$.steps.a.list');
    }
  });
});

it('ends a file with a line break after a change', () => {
  expect(edits.setInStep('steps:\n  - id: a\n    operation: b', 0, ['operation'], 'c')).toBe('steps:\n  - id: a\n    operation: c\n');
});
