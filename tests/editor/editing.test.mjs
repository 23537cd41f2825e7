// Steps, undo, drafts, and the text view.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { addStep, checkAccessibility, closeAll, open, serve, step, unfold } from './harness.mjs';

const FILE = `# Two steps.
name:   Two steps   # spaced
steps:
  # the list
  - id: one
    operation: all_users
    input: { fields: 'id',limit: 12345678901234567890 }
  - id: two
    operation: update_user
    input: { user_id: "$.steps.one[0].id" }   # the first
`;

after(closeAll);

const ids = (page) => page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name: /^Step \d/ }).evaluateAll((buttons) => buttons.map((button) => button.closest('[data-step]').dataset.step));

async function saved(page, server) {
  await page.keyboard.press('Control+s');
  await page.getByText('Saved to workflow.yaml.').first().waitFor({ state: 'attached' });
  return server.text();
}

test('steps are added, duplicated, moved by keyboard and mouse, copied, removed, and undone', async () => {
  const server = await serve(FILE, '--practice');
  const { page, finish } = await open(server);
  const before = await ids(page);
  await addStep(page, 'list roles');
  assert.deepEqual(await ids(page), ['one', 'two', 'looker-3']);
  await page.getByRole('button', { name: 'Actions for step looker-3' }).click();
  await page.getByRole('menuitem', { name: 'Duplicate' }).click();
  assert.deepEqual(await ids(page), ['one', 'two', 'looker-3', 'looker-4']);
  await step(page, 'looker-4').press('Alt+ArrowUp');
  assert.deepEqual(await ids(page), ['one', 'two', 'looker-4', 'looker-3']);
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-step]').dataset.step === 'looker-4'), true);
  await step(page, 'one').focus();
  await step(page, 'one').click();
  await page.keyboard.press('Control+c');
  await page.keyboard.press('Control+v');
  await page.waitForFunction(() => document.querySelectorAll('[data-step]').length === 5);
  assert.deepEqual(await ids(page), ['one', 'one-2', 'two', 'looker-4', 'looker-3']);
  const grip = await page.locator('[data-step="looker-3"] [title="Drag to reorder"]').boundingBox();
  const first = await step(page, 'one').boundingBox();
  await page.mouse.move(grip.x + 5, grip.y + 20);
  await page.mouse.down();
  await page.mouse.move(first.x + 20, first.y - 10, { steps: 6 });
  await page.mouse.up();
  assert.equal((await ids(page))[0], 'looker-3');
  await step(page, 'looker-3').press('Delete');
  assert.deepEqual(await ids(page), ['one', 'one-2', 'two', 'looker-4']);
  for (let undone = 0; undone < 6; undone += 1) await page.getByRole('button', { name: 'Undo' }).click();
  assert.deepEqual(await ids(page), before);
  assert.equal(await page.getByRole('button', { name: 'Undo' }).isDisabled(), true);
  await page.keyboard.press('Control+Shift+z');
  assert.deepEqual(await ids(page), ['one', 'two', 'looker-3']);
  await finish();
  await server.stop();
});

test('a change in a form keeps comments, order, quotation marks, spacing and digits of the rest', async () => {
  const server = await serve(FILE, '--practice');
  const { page, finish } = await open(server);
  await step(page, 'two').click();
  await unfold(page);
  await page.getByRole('textbox', { name: 'Last name' }).fill('Hopper');
  const text = await saved(page, server);
  assert.equal(text, FILE.replace('id" }   # the first', 'id", last_name: Hopper } # the first'));
  await finish();
  await server.stop();
});

test('undo takes back what was typed in one field', async () => {
  const server = await serve(FILE, '--practice');
  const { page, finish } = await open(server);
  await step(page, 'two').click();
  await unfold(page);
  const name = page.getByRole('textbox', { name: 'Last name' });
  await name.pressSequentially('Hopper');
  await page.keyboard.press('Control+z');
  assert.equal(await name.inputValue(), '');
  await page.keyboard.press('Control+Shift+z');
  assert.equal(await name.inputValue(), 'Hopper');
  await finish();
  await server.stop();
});

test('the text follows the forms, and the forms follow the text', async () => {
  const server = await serve(FILE, '--practice');
  const { page, finish } = await open(server);
  await page.getByRole('button', { name: 'Text', exact: true }).click();
  const text = page.getByRole('textbox', { name: /^Workflow file in YAML \(Escape/ });
  await text.getByText('# Two steps.').waitFor();
  await checkAccessibility(page, 'text view');
  await text.press('Control+End');
  await page.keyboard.type('  - id: three');
  await page.keyboard.press('Enter');
  await page.keyboard.type('operation: me');
  await step(page, 'three').waitFor();
  await page.getByRole('button', { name: 'Actions for step three' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await text.getByText('id: three').waitFor({ state: 'detached' });
  await text.press('Control+End');
  await page.keyboard.type('steps: [');
  await page.getByRole('list', { name: 'Problems' }).getByRole('button').first().waitFor();
  await finish();
  await server.stop();
});

test('unsaved changes survive a reload, passwords excepted', async () => {
  const text = 'name: a\nsteps:\n  - id: one\n    operation: create_user_credentials_api3\n    input: { user_id: "1" }\n  - id: two\n    operation: create_git_branch\n';
  const server = await serve(text, '--practice');
  const { page, finish } = await open(server);
  await addStep(page, 'create_connection');
  await unfold(page);
  await page.getByRole('textbox', { name: 'Password', exact: true }).fill('very-secret-1');
  await page.getByRole('textbox', { name: 'Host', exact: true }).fill('db.example.com');
  await page.waitForFunction(() => JSON.stringify({ ...localStorage }).includes('db.example.com'));
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes('very-secret-1'));
  await page.reload();
  await page.getByText('Unsaved changes of your last visit are shown.').waitFor();
  await page.getByRole('button', { name: /^Step 3/ }).click();
  assert.equal(await page.getByRole('textbox', { name: 'Host', exact: true }).inputValue(), 'db.example.com');
  await page.getByRole('button', { name: 'Discard them' }).click();
  assert.deepEqual(await ids(page), ['one', 'two']);
  assert.equal(server.text(), text);
  await finish();
  await server.stop();
});

test('a drop-down offers labels with their IDs, and typing is always possible', async () => {
  const server = await serve('name: a\nsteps:\n  - id: one\n    operation: user\n', '--practice');
  const { page, finish } = await open(server);
  const input = page.getByRole('combobox', { name: 'User ID' });
  await input.click();
  await page.getByRole('option', { name: /Alan Turing/ }).waitFor();
  await checkAccessibility(page, 'drop-down');
  await input.pressSequentially('grace');
  await page.getByRole('option', { name: /Grace Hopper/ }).waitFor();
  assert.equal(await page.getByRole('option').count(), 1);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.match(await input.inputValue(), /^\d+$/);
  await page.getByText('Grace Hopper').waitFor();
  await input.fill('99');
  await page.keyboard.press('Escape');
  assert.equal(await input.inputValue(), '99');
  await finish();
  await server.stop();
});

test('every part of a step has its place: for each, at once, if, retry, authentication, inputs of the workflow', async () => {
  const server = await serve(FILE, '--practice');
  const { page, finish } = await open(server);
  await page.getByRole('button', { name: 'Workflow', exact: true }).click();
  await page.getByRole('button', { name: 'Add input to the workflow' }).click();
  await page.keyboard.type('people');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Type of people' }).selectOption('array');
  await checkAccessibility(page, 'workflow settings');
  await step(page, 'two').click();
  await page.getByRole('button', { name: /^Flow and authentication/ }).click();
  await page.getByRole('textbox', { name: 'For each' }).fill('$.inputs.people');
  await page.getByRole('textbox', { name: 'At once' }).fill('4');
  await page.getByRole('textbox', { name: 'Only if' }).fill('$.item.active');
  await page.getByRole('textbox', { name: 'Attempts' }).fill('3');
  await page.getByRole('combobox', { name: 'Authentication' }).selectOption('practice');
  await checkAccessibility(page, 'flow of a step');
  await page.getByRole('tab', { name: 'Earlier data' }).click();
  await page.getByRole('treeitem', { name: 'item' }).first().waitFor();
  await page.getByRole('treeitem', { name: /^people/ }).waitFor();
  const text = await saved(page, server);
  assert.match(text, /inputs:\n {2}people:\n {4}type: array\n/);
  assert.match(text, /for_each: "\$\.inputs\.people"\n\s+at_once: 4\n\s+if: "\$\.item\.active"\n\s+operation: update_user/);
  assert.match(text, /retry:\n\s+attempts: 3\n\s+auth: practice/);
  await page.getByRole('button', { name: 'Run all' }).click();
  const dialog = page.getByRole('dialog', { name: 'Inputs of this run' });
  await dialog.getByRole('button', { name: 'Add to people' }).click();
  await checkAccessibility(page, 'inputs of a run');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await finish();
  await server.stop();
});
