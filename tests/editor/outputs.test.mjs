// Outputs: previews, tables, failures, cancel, what is large and what is hostile.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { afterRun, checkAccessibility, closeAll, open, practiceLooker, serve, step } from './harness.mjs';

after(closeAll);

const workflow = (operation, input, id = 'one') => `name: a\nsteps:\n  - id: ${id}\n    operation: ${operation}\n    input: ${JSON.stringify(input)}\n`;
const runStep = (page) => afterRun(page, () => page.getByRole('button', { name: 'Run step' }).click());

/** A server with an authentication for another Looker on this machine. */
async function serveFor(looker, text) {
  const server = await serve(text, '--allow-host', looker.domain);
  const opened = await open(server);
  const { page } = opened;
  const answer = await page.evaluate(async (values) => (await fetch('/api/auths/test', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ values }) })).status, looker);
  assert.equal(answer, 200);
  await page.reload();
  await page.getByRole('button', { name: 'Authentication: test' }).waitFor();
  return { server, ...opened };
}

test('an image is shown, and csv is a table', async () => {
  const query = { model: 'practice', view: 'orders', fields: ['orders.id', 'orders.name'] };
  const server = await serve(workflow('run_inline_query', { ...query, result_format: 'png' }), '--practice');
  const { page, finish } = await open(server);
  await runStep(page);
  const image = page.getByRole('img', { name: /^Output of one/ });
  await image.waitFor();
  assert.ok(await image.evaluate((element) => element.decode().then(() => element.naturalWidth > 0)));
  await checkAccessibility(page, 'image');
  await page.getByRole('button', { name: 'Text', exact: true }).click();
  const text = page.getByRole('textbox', { name: /^Workflow file in YAML \(Escape/ });
  await text.press('Control+a');
  await page.keyboard.insertText(workflow('run_inline_query', { ...query, result_format: 'csv' }));
  await afterRun(page, () => page.getByRole('button', { name: 'Run all' }).click());
  await page.getByRole('columnheader', { name: /name/i }).waitFor();
  assert.ok((await page.getByRole('row').count()) > 2);
  await checkAccessibility(page, 'csv');
  await finish();
  await server.stop();
});

test('a list of objects is a table, a tree that filters, and can be copied', async () => {
  const server = await serve(workflow('all_users', { fields: 'id,display_name' }), '--practice');
  const { page, finish } = await open(server);
  await runStep(page);
  const tree = page.getByRole('tree', { name: 'Output of one' });
  await tree.getByRole('treeitem', { name: /^\[0\]/ }).waitFor();
  await page.getByRole('searchbox', { name: 'Filter output' }).fill('turing');
  await tree.getByRole('treeitem', { name: 'display_name "Alan Turing"' }).click();
  assert.equal(await tree.getByText('Ada Lovelace').count(), 0);
  await page.getByRole('button', { name: 'Copy path' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '$.steps.one[1].display_name');
  await page.getByRole('button', { name: 'Copy value' }).click();
  await page.getByText('Value copied.').first().waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /Alan Turing/);
  await checkAccessibility(page, 'output tree');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download the output' }).click()]);
  assert.ok(await download.path());
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('cell', { name: 'Alan Turing' }).waitFor();
  await checkAccessibility(page, 'table');
  await finish();
  await server.stop();
});

test('a 422 is told at its field', async () => {
  const server = await serve(workflow('create_user_credentials_email', { user_id: '13', email: 'nope' }), '--practice');
  const { page, finish } = await open(server);
  await runStep(page);
  await page.getByRole('alert').getByText(/What to do/).waitFor();
  const email = page.getByRole('textbox', { name: /^Email( \(required\))?$/ });
  assert.equal(await email.getAttribute('aria-invalid'), 'true');
  await page.locator('[id="input-email-problem"]').getByText(/not a valid email/).waitFor();
  await checkAccessibility(page, 'failure');
  await email.fill('grace@example.com');
  assert.equal(await page.locator('[id="input-email-problem"]').count(), 0);
  await finish();
  await server.stop();
});

test('a slow step shows its time and can be canceled', async () => {
  const looker = await practiceLooker('GET /users 1 60s');
  const { server, page, finish } = await serveFor(looker.auth, workflow('all_users', {}));
  let canceledAt = 0;
  const message = await afterRun(page, async () => {
    await page.getByRole('button', { name: 'Run step' }).click();
    await page.getByText(/^[1-9]\.\d s$/).first().waitFor();
    await checkAccessibility(page, 'running');
    canceledAt = Date.now();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  });
  assert.equal(message, 'The run was canceled.');
  assert.ok(Date.now() - canceledAt < 5000);
  await page.getByText('canceled').first().waitFor({ state: 'attached' });
  await finish();
  await server.stop();
  await looker.stop();
});

test('kept outputs let one step be tried alone, and survive a reload', async () => {
  const text = 'name: a\nsteps:\n  - id: one\n    operation: me\n  - id: two\n    operation: user\n    input: { user_id: "$.steps.one.id" }\n';
  const server = await serve(text, '--practice');
  const { page, finish } = await open(server);
  await runStep(page);
  await page.reload();
  await step(page, 'two').click();
  await page.getByText('kept', { exact: true }).waitFor();
  await runStep(page);
  await page.getByRole('tree', { name: 'Output of two' }).getByRole('treeitem', { name: /^id / }).waitFor();
  await finish();
  await server.stop();
});

/** A Looker on this machine that answers requests below a path with one document. */
async function fakeLooker(document, type = 'application/json', path = '/user') {
  const server = createServer((request, response) => {
    const isLogin = request.url.endsWith('/login');
    const isDocument = request.url.includes(path) && request.method === 'GET';
    response.writeHead(200, { 'content-type': isDocument ? type : 'application/json' });
    response.end(isLogin ? JSON.stringify({ access_token: 'token', token_type: 'Bearer', expires_in: 3600 }) : isDocument ? document : '{}');
  });
  server.on('connection', (socket) => socket.unref());
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  return { auth: { domain: `http://127.0.0.1:${server.address().port}`, client_id: 'id', client_secret: 'secret' }, stop: () => new Promise((done) => server.close(done)) };
}

test('a PDF is shown in a frame', async () => {
  const pdf = '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n';
  const looker = await fakeLooker(pdf, 'application/pdf', '/render_tasks');
  const { server, page, finish } = await serveFor(looker.auth, workflow('render_task_results', { render_task_id: '1' }));
  await runStep(page);
  const frame = page.getByTitle(/^Output of one/);
  await frame.waitFor();
  const shown = await page.evaluate(async (source) => {
    const response = await fetch(source);
    return [response.status, response.headers.get('content-type'), response.headers.get('content-disposition')];
  }, await frame.getAttribute('src'));
  assert.deepEqual(shown.slice(0, 2), [200, 'application/pdf']);
  assert.match(shown[2], /^inline/);
  await checkAccessibility(page, 'pdf');
  await finish();
  await server.stop();
  await looker.stop();
});

const SCRIPT = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>';

test('a hostile output is only ever text', async () => {
  const hostile = {
    [SCRIPT]: SCRIPT,
    html: `<svg onload="window.attacked=1">${SCRIPT}`,
    bidi: '\u202egnp.exe\u2066\u200f',
    url: 'javascript:window.attacked=1',
    long: 'x'.repeat(1_000_000),
    ['k'.repeat(5000)]: 1,
    __proto__: null,
    constructor: { prototype: 'polluted' },
  };
  const looker = await fakeLooker(JSON.stringify([hostile, hostile]).replace('"constructor"', '"__proto__":{"polluted":1},"constructor"'));
  const { server, page, finish } = await serveFor(looker.auth, workflow('all_users', {}));
  await runStep(page);
  const tree = page.getByRole('tree', { name: 'Output of one' });
  await tree.getByRole('treeitem', { name: /^\[0\]/ }).click();
  await tree.getByText('onerror').first().waitFor();
  await tree.getByRole('treeitem', { name: /^long/ }).click();
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('row').nth(1).waitFor();
  assert.equal(await page.evaluate(() => window.attacked ?? {}.polluted), undefined);
  const width = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(width, 'the page became wider than the window');
  await finish();
  await server.stop();
  await looker.stop();
});

test('100,000 nested levels do nothing', async () => {
  const looker = await fakeLooker('['.repeat(100_000) + ']'.repeat(100_000));
  const { server, page, finish } = await serveFor(looker.auth, workflow('all_users', {}));
  await runStep(page);
  assert.equal(await page.getByRole('button', { name: 'Run step' }).isEnabled(), true);
  await page.getByRole('tab', { name: 'Earlier data' }).click();
  await page.getByRole('tab', { name: 'Output' }).click();
  await finish();
  await server.stop();
  await looker.stop();
});

test('30 MB of output do not freeze the page', async () => {
  const row = { id: 0, first_name: 'A name of usual length', last_name: 'Another name of usual length', email: 'somebody@example.com' };
  const rows = Array.from({ length: 250_000 }, (_, id) => ({ ...row, id: String(id) }));
  const document = JSON.stringify(rows);
  assert.ok(document.length > 29_000_000 && document.length < 33_000_000, `${document.length} bytes`);
  const looker = await fakeLooker(document);
  const { server, page, finish } = await serveFor(looker.auth, workflow('all_users', {}));
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ type: 'longtask', buffered: false });
  });
  await runStep(page);
  const tree = page.getByRole('tree', { name: 'Output of one' });
  await tree.getByRole('treeitem', { name: /^\[0\]/ }).waitFor();
  await tree.getByRole('treeitem', { name: /^\[0\]/ }).click();
  await tree.getByRole('button', { name: /^Show 100 more/ }).last().click();
  await tree.getByRole('treeitem', { name: /^\[150\]/ }).waitFor();
  await page.getByRole('searchbox', { name: 'Filter output' }).fill('249999');
  await tree.getByRole('treeitem', { name: /^\[249999\]/ }).waitFor({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('button', { name: 'Next rows' }).click();
  await page.getByRole('cell', { name: '150', exact: true }).first().waitFor();
  const longest = await page.evaluate(() => window.longest);
  console.log(`longest task with 30 MB: ${Math.round(longest)} ms`);
  assert.ok(longest < 500, `a task took ${longest} ms`);
  await finish();
  await server.stop();
  await looker.stop();
});
