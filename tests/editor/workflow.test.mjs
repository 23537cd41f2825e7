// List users, create a user with a custom input, get the user by the snake: by mouse and by keyboard.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { HOST_HARNESS, addStep, afterRun, checkAccessibility, closeAll, open, practiceLooker, serve, step, unfold } from './harness.mjs';

const EMPTY = 'name: New workflow\nsteps: []\n';
let looker;
let auth;

before(async () => {
  looker = await practiceLooker();
  auth = ['--allow-host', looker.auth.domain];
});

after(async () => {
  await closeAll();
  await looker.stop();
});

/** Fills in the form of a new authentication. */
async function fillAuth(page, values) {
  await page.getByRole('button', { name: /^Authentication: / }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Domain' }).fill(values.domain);
  await dialog.getByRole('textbox', { name: 'Client ID' }).fill(values.client_id);
  await dialog.getByLabel('Client secret').fill(values.client_secret);
  return dialog;
}

describe('a new authentication', () => {
  test('shows who one is, and keeps the secret out of the page', async () => {
    const server = await serve(EMPTY, ...auth);
    const { page, finish } = await open(server);
    const dialog = await fillAuth(page, looker.auth);
    assert.equal(await dialog.getByLabel('Client secret').getAttribute('type'), 'password');
    await checkAccessibility(page, 'new authentication');
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    await dialog.getByText(/^Connected as .*Ada Lovelace|Practice/).waitFor();
    assert.equal(await dialog.getByLabel('Client secret').inputValue(), '');
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.documentElement.outerHTML]));
    assert.ok(!stored.includes(looker.auth.client_secret));
    assert.ok(!server.output().includes(looker.auth.client_secret));
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Authentication: looker' }).waitFor();
    await finish();
    await server.stop();
  });

  test('tells that a secret is wrong, and what to do', async () => {
    const server = await serve(EMPTY, ...auth);
    const { page, finish } = await open(server);
    const dialog = await fillAuth(page, { ...looker.auth, client_secret: 'wrong' });
    await dialog.getByRole('button', { name: 'Test connection' }).click();
    const alert = dialog.getByRole('alert');
    await alert.getByText(/What to do/).waitFor();
    assert.match(await alert.innerText(), /unauthenticated/);
    await checkAccessibility(page, 'wrong secret');
    await finish();
    await server.stop();
  });

  test('tells while one types that port and region exclude each other', async () => {
    const server = await serve(EMPTY, ...auth);
    const { page, finish } = await open(server);
    await page.getByRole('button', { name: /^Authentication: / }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Region' }).fill('eu');
    assert.equal(await dialog.getByText('Give Port or Region, not both.').count(), 0);
    await dialog.getByRole('textbox', { name: 'Port' }).pressSequentially('1');
    await dialog.getByText('Give Port or Region, not both.').first().waitFor();
    assert.equal(await dialog.getByText('Give Port or Region, not both.').count(), 2);
    assert.equal(await dialog.getByRole('textbox', { name: 'Port' }).getAttribute('aria-invalid'), 'true');
    await dialog.getByRole('textbox', { name: 'Region' }).fill('');
    await dialog.getByText('Give Port or Region, not both.').first().waitFor({ state: 'detached' });
    await dialog.getByRole('textbox', { name: 'Port' }).fill('70000');
    await dialog.getByText('This must be a number from 1 to 65535.').waitFor();
    await finish();
    await server.stop();
  });
});

test('signing in with OAuth opens the page of the service, and keeps nothing of it', async () => {
  const server = await serve(EMPTY, ...auth);
  const { page, context, finish } = await open(server);
  await context.route(/[?&]code_challenge=/, (route) => route.fulfill({ contentType: 'text/html', body: '<title>The service</title>' }));
  const dialog = await fillAuth(page, { ...looker.auth, client_secret: '' });
  const [opened] = await Promise.all([context.waitForEvent('page'), dialog.getByRole('button', { name: 'Sign in with OAuth' }).click()]);
  await opened.waitForURL(/code_challenge=/);
  const url = new URL(opened.url());
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
  assert.equal(url.searchParams.get('redirect_uri'), `${server.origin}/oauth/callback`);
  assert.equal(await opened.evaluate(() => window.opener), null);
  await finish();
  await server.stop();
});

/** Adds list users and create user with a custom input, and a third step that gets a user. */
async function buildSteps(page) {
  await addStep(page, 'list users');
  await addStep(page, 'create user');
  await unfold(page);
  await page.getByRole('textbox', { name: 'First name' }).fill('Grace');
  await page.getByRole('textbox', { name: 'Last name' }).fill('Murray');
  await page.getByRole('button', { name: 'Add custom input' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('shoe_size');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Type of shoe_size' }).selectOption('Number');
  await page.getByRole('textbox', { name: 'shoe_size' }).fill('12345678901234567890');
  await addStep(page, 'get user');
}

async function checkRun(page, server) {
  const input = page.getByRole('combobox', { name: 'User ID' });
  await page.waitForFunction((element) => element.value === '$.steps.looker-2.id', await input.elementHandle());
  await afterRun(page, () => page.getByRole('button', { name: 'Run all' }).click());
  await page.getByRole('treeitem', { name: 'display_name "Grace Murray"' }).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved to workflow.yaml.').first().waitFor({ state: 'attached' });
  const text = server.text();
  assert.match(text, /user_id: "\$\.steps\.looker-2\.id"/);
  assert.match(text, /shoe_size: 12345678901234567890\b/);
}

describe('list, create, get', () => {
  test('by mouse; the saved file does the same from the command line', async () => {
    const server = await serve(EMPTY, '--practice');
    const { page, finish } = await open(server);
    await buildSteps(page);
    await checkAccessibility(page, 'three steps');
    const from = await page.getByRole('tree', { name: 'Data of looker-2' }).getByRole('treeitem', { name: /^id\b/ }).boundingBox();
    const to = await page.getByRole('combobox', { name: 'User ID' }).boundingBox();
    await page.mouse.move(from.x + 40, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(from.x - 60, from.y + 20, { steps: 4 });
    await page.mouse.move(to.x + 80, to.y + to.height / 2, { steps: 8 });
    await page.mouse.up();
    await checkRun(page, server);
    await finish();

    const { stdout } = await promisify(execFile)(HOST_HARNESS, ['run', server.file, '--practice', '--json']);
    const ran = JSON.parse(stdout);
    assert.match(JSON.stringify(ran), /"display_name":"Grace Murray"/);
    await server.stop();
  });

  test('by keyboard: from the value to the input', async () => {
    const server = await serve(EMPTY, '--practice');
    const { page, finish } = await open(server);
    await buildSteps(page);
    const item = page.getByRole('tree', { name: 'Data of looker-2' }).getByRole('treeitem', { name: 'looker-2' });
    await item.focus();
    for (let moves = 0; moves < 60; moves += 1) {
      const name = await page.evaluate(() => document.activeElement?.textContent.trim());
      if (/^id\b/.test(name ?? '')) break;
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await page.getByText(/press Enter in it, to insert/).first().waitFor();
    await checkAccessibility(page, 'a value is chosen');
    for (let moves = 0; moves < 20; moves += 1) {
      if (await page.evaluate(() => document.activeElement?.getAttribute('role') === 'combobox')) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await checkRun(page, server);
    await finish();
    await server.stop();
  });

  test('by keyboard: from the input to the value', async () => {
    const server = await serve(EMPTY, '--practice');
    const { page, finish } = await open(server);
    await buildSteps(page);
    await page.getByRole('button', { name: 'Insert a value into User ID' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Insert a value into User ID' });
    await dialog.getByRole('searchbox', { name: 'Filter earlier data' }).pressSequentially('id');
    const value = dialog.getByRole('tree', { name: 'Data of looker-2' }).getByRole('treeitem', { name: /^id\b/, level: 2 });
    await value.waitFor();
    await checkAccessibility(page, 'picker');
    await value.press('Enter');
    await checkRun(page, server);
    await finish();
    await server.stop();
  });
});

test('the resolved value is shown under a reference, and a wrong path is told at its field', async () => {
  const text = 'name: a\nsteps:\n  - id: one\n    operation: me\n  - id: two\n    operation: user\n    input: { user_id: "$.steps.one.id" }\n';
  const server = await serve(text, '--practice');
  const { page, finish } = await open(server);
  await step(page, 'two').click();
  await page.getByText('Known after a run of the earlier step').waitFor();
  await afterRun(page, () => page.getByRole('button', { name: 'Run all' }).click());
  await page.getByText(/currently/).waitFor({ state: 'attached' });
  await page.getByRole('combobox', { name: 'User ID' }).fill('$.steps.one.idd');
  await page.locator('[id="input-user_id-problem"]').getByText(/idd/).waitFor();
  await finish();
  await server.stop();
});

test('a file that changed on disk is not overwritten', async () => {
  const server = await serve('name: a\nsteps:\n  - id: one\n    operation: me\n', '--practice');
  const { page, finish } = await open(server);
  writeFileSync(join(server.folder, 'workflow.yaml'), 'name: changed\nsteps:\n  - id: one\n    operation: me\n');
  await page.getByRole('button', { name: 'Workflow', exact: true }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('mine');
  await page.keyboard.press('Control+s');
  await page.getByText(/Save under another name/).first().waitFor();
  assert.match(server.text(), /changed/);
  await finish();
  await server.stop();
});
