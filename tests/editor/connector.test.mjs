// Another connector draws its own forms in the same page: the guest of the host's tests.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GUEST, addStep, afterRun, checkAccessibility, closeAll, open, serve } from './harness.mjs';

after(closeAll);

test('a second connector draws its own forms', async () => {
  const server = await serve('name: a\nsteps: []\n', '--component', GUEST);
  const { page, finish } = await open(server);
  await page.getByText(/^Test ·/).waitFor();
  await page.getByRole('button', { name: /^Authentication: / }).click();
  const dialog = page.getByRole('dialog', { name: 'New Test authentication' });
  assert.equal(await dialog.getByRole('textbox', { name: 'Domain' }).count(), 0);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Host is required.').waitFor();
  await dialog.getByRole('textbox', { name: /^Host/ }).fill('localhost:9');
  await dialog.getByLabel('Password').fill('guest-secret');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await dialog.getByText('Connected as 1').waitFor();
  await checkAccessibility(page, 'authentication of the guest');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await addStep(page, 'do echo');
  await page.getByRole('textbox', { name: /^ID( \(required\))?$/ }).fill('<b>bold</b>');
  await afterRun(page, () => page.getByRole('button', { name: 'Run step' }).click());
  await page.getByRole('treeitem', { name: 'id "<b>bold</b>"' }).waitFor();
  await addStep(page, 'do text');
  await page.getByRole('textbox', { name: /^ID( \(required\))?$/ }).fill('1');
  await afterRun(page, () => page.getByRole('button', { name: 'Run step' }).click());
  await page.getByRole('tabpanel').getByText(/a,b|^a$/).first().waitFor();
  await addStep(page, 'do refuse');
  await page.getByRole('textbox', { name: /^ID( \(required\))?$/ }).fill('1');
  await afterRun(page, () => page.getByRole('button', { name: 'Run step' }).click());
  await page.getByRole('alert').getByText('Too many requests.').waitFor();
  await checkAccessibility(page, 'a failure that may pass');
  await finish();
  await server.stop();
});
