// The pictures of docs/editor: six states of the page, in the size in which the documentation shows them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SCREENSHOTS, addStep, afterRun, checkAccessibility, closeAll, open, serve, step, unfold } from './harness.mjs';

const FILE = `# Adds a user to Looker: lists the users, creates one, and reads it back by its new id.
name: Add a user
steps:
  - id: looker-1
    operation: all_users
    input: { fields: "id,display_name,email" }
  - id: looker-2
    operation: create_user
    input: { first_name: Ada, last_name: Lovelace, fields: "id,first_name,last_name,display_name" }
  - id: looker-3
    operation: user
    input: { fields: "id,first_name,last_name,display_name" }
`;
const SIZE = { width: 1360, height: 820 };

after(closeAll);

// Times and versions of outputs differ between runs, so the pictures are only written where somebody asks for them.
const isWriting = process.env.WRITE_SCREENSHOTS === '1';
async function shoot(page, name) {
  await page.evaluate(() => document.fonts.ready);
  const options = isWriting ? { path: join(SCREENSHOTS, `${name}.png`) } : {};
  await page.screenshot(options);
}

test('pictures of six states', async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const server = await serve(FILE, '--practice');
  const { page, finish } = await open(server, { viewport: SIZE });

  await afterRun(page, () => page.getByRole('button', { name: 'Actions for step looker-2' }).click().then(() => page.getByRole('menuitem', { name: 'Run up to here' }).click()));
  await step(page, 'looker-3').click();
  const from = await page.getByRole('tree', { name: 'Data of looker-2' }).getByRole('treeitem', { name: /^id / }).boundingBox();
  const to = await page.getByRole('combobox', { name: 'User ID' }).boundingBox();
  await page.mouse.move(from.x + 60, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width - 120, to.y + 60, { steps: 5 });
  await page.mouse.move(to.x + to.width - 160, to.y + to.height / 2 + 4, { steps: 5 });
  await shoot(page, 'snake');
  await page.mouse.up();

  await afterRun(page, () => page.getByRole('button', { name: 'Run all' }).click());
  await page.getByRole('combobox', { name: 'User ID' }).focus();
  await page.getByRole('treeitem', { name: /^display_name / }).waitFor();
  // The second user that this server has created.
  await page.getByText('"15"').nth(1).waitFor();
  await page.mouse.move(700, 760);
  await shoot(page, 'run');

  await step(page, 'looker-1').click();
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('cell', { name: 'Alan Turing' }).waitFor();
  await shoot(page, 'table');

  await page.getByRole('button', { name: /^Add step$/ }).click();
  await page.getByRole('combobox', { name: 'Search operations' }).fill('user email');
  await shoot(page, 'search');
  await page.keyboard.press('Escape');

  // The whole form fits into a higher window.
  await page.setViewportSize({ ...SIZE, height: 1000 });
  await page.getByRole('button', { name: /^Authentication: / }).click();
  await page.getByRole('button', { name: 'New authentication' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Domain' }).fill('mycompany');
  await dialog.getByRole('textbox', { name: 'Client ID' }).fill('h3GJ7qkX2tVbN9wLmR4c');
  await dialog.getByLabel('Client secret').fill('not-a-real-secret');
  await dialog.getByRole('textbox', { name: 'Region' }).fill('eu');
  await dialog.getByRole('textbox', { name: 'Port' }).fill('19999');
  await dialog.getByRole('textbox', { name: 'Region' }).focus();
  await shoot(page, 'authentication');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Done' }).click();
  await finish();
  await server.stop();

  // The address of a server works once.
  const other = await serve(FILE, '--practice');
  const dark = await open(other, { viewport: SIZE, colorScheme: 'dark' });
  await addStep(dark.page, 'create_user_credentials_email');
  await dark.page.getByRole('combobox', { name: 'User ID' }).fill('13');
  await dark.page.keyboard.press('Escape');
  await unfold(dark.page);
  await dark.page.getByRole('textbox', { name: /^Email( \(required\))?$/ }).fill('nope');
  await afterRun(dark.page, () => dark.page.getByRole('button', { name: 'Run step' }).click());
  await dark.page.getByRole('alert').waitFor();
  await dark.page.getByText(/needs the input/).waitFor({ state: 'detached' });
  await dark.page.mouse.move(700, 760);
  await shoot(dark.page, 'failure');
  await dark.finish();
  await other.stop();
});

for (const [name, options] of Object.entries({ phone: { viewport: { width: 390, height: 844 } }, dark: { colorScheme: 'dark' } })) {
  test(`each part fits and is readable: ${name}`, async () => {
    const server = await serve(FILE, '--practice');
    const { page, finish } = await open(server, options);
    const check = async (state) => {
      await checkAccessibility(page, `${name}: ${state}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) throw new Error(`${name}: ${state} is ${overflow} pixels wider than the window`);
    };
    await check('steps');
    await step(page, 'looker-2').click();
    await page.getByRole('textbox', { name: 'First name' }).waitFor();
    await check('step');
    await afterRun(page, () => page.getByRole('button', { name: 'Run step' }).click());
    if (name === 'phone') await page.getByRole('button', { name: 'Data', exact: true }).click();
    await page.getByRole('tab', { name: 'Output' }).click();
    await page.getByRole('treeitem', { name: /^display_name/ }).waitFor();
    await check('output');
    await page.getByRole('tab', { name: 'Earlier data' }).click();
    await page.getByRole('treeitem').nth(2).click();
    await check('earlier data');
    await page.getByRole('button', { name: 'Use in an input' }).click();
    await page.getByText(/press Enter in it, to insert/).first().waitFor();
    await page.getByRole('textbox', { name: 'First name' }).click();
    await page.getByText('Known after a run of the earlier step').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: /^Authentication: / }).click();
    await check('authentications');
    await page.getByRole('button', { name: 'New authentication' }).click();
    await check('new authentication');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Text', exact: true }).or(page.locator('button[aria-pressed]').filter({ hasText: 'Text' })).first().click();
    await page.getByRole('textbox', { name: /^Workflow file in YAML \(Escape/ }).waitFor();
    await check('text');
    await finish();
    await server.stop();
  });
}
