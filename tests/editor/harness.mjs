// What the browser tests share: a server with a practice Looker, a real Chromium, and pages that fail a test when their policy is
// violated.
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../..');
const target = resolve(repository, process.env.CARGO_TARGET_DIR ?? 'target');
export const HOST_HARNESS = process.env.HOST_HARNESS ?? join(target, 'debug/host-harness');
const PRACTICE_LOOKER = process.env.PRACTICE_LOOKER ?? join(target, 'debug/practice-looker');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const GUEST = process.env.GUEST ?? join(target, 'editor-guest/wasm32-wasip2/release/test_guest.wasm');
export const SCREENSHOTS = join(repository, 'docs/editor');

/** The time in which a program must say that it is ready, in milliseconds. */
const START_TIMEOUT = 60_000;

/** What ends each program that was started. */
const running = new Set();

/** Starts a program and waits until its output matches. */
async function start(program, args, pattern, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  const ready = new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`${program} was not ready in time:\n${output}`)), START_TIMEOUT);
    const read = (chunk) => {
      output += chunk;
      const match = pattern.exec(output);
      if (match) {
        clearTimeout(timer);
        done(match);
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', fail);
    child.on('exit', (code) => fail(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  const stop = () =>
    new Promise((done) => {
      if (child.exitCode !== null || child.signalCode !== null) return done();
      child.once('exit', () => done());
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5000).unref();
    });
  running.add(stop);
  return { match: await ready, stop, output: () => output };
}

/** A practice Looker. `faults` are values of its option `--fail`. */
export async function practiceLooker(...faults) {
  const args = ['--json', ...faults.flatMap((fault) => ['--fail', fault])];
  const { match, stop } = await start(PRACTICE_LOOKER, args, /^(\{.*\})$/m);
  const told = JSON.parse(match[1]);
  return { auth: { domain: told.base_url ?? told.domain, client_id: told.client_id, client_secret: told.client_secret }, stop };
}

/** `host-harness serve` on a free port, with a workflow file in a folder of its own. */
export async function serve(workflow, ...args) {
  const folder = mkdtempSync(join(tmpdir(), 'step-editor-'));
  const file = join(folder, 'workflow.yaml');
  if (workflow !== null) writeFileSync(file, workflow);
  const command = ['serve', '--port', '0', ...args, ...(workflow === null ? [] : [file])];
  const { match, stop, output } = await start(HOST_HARNESS, command, /(http:\/\/(?:127\.0\.0\.1|localhost):\d+)\/\?token=[\w-]+/, { cwd: folder });
  return {
    url: match[0],
    origin: match[1],
    folder,
    file,
    output,
    text: () => readFileSync(file, 'utf8'),
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let browser;

export async function launch() {
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  return browser;
}

/** Ends the browser, and what a failed test left running. */
export async function closeAll() {
  await browser?.close();
  browser = undefined;
  await Promise.all([...running].map((stop) => stop()));
}

/** Shows the page from a folder in place of the one in the program, so that a change needs no build of the program. */
async function servePageFrom(context, server, folder) {
  const types = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
  await context.route(`${server.origin}/`, async (route) => {
    const response = await route.fetch();
    const nonce = /name="csp-nonce" content="([^"]+)"/.exec(await response.text())?.[1] ?? '';
    await route.fulfill({ response, body: readFileSync(join(folder, 'index.html'), 'utf8').replace('__CSP_NONCE__', nonce) });
  });
  await context.route(`${server.origin}/assets/**`, (route) => {
    const path = new URL(route.request().url()).pathname;
    return route.fulfill({ body: readFileSync(join(folder, path)), contentType: types[path.split('.').at(-1)] });
  });
}

const DESKTOP = { width: 1440, height: 900 };

/** Opens the page of a server. The test must call `finish`, which fails if the page's policy was violated or a script threw. */
export async function open(server, options = {}) {
  const context = await (await launch()).newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.origin });
  const problems = [];
  await context.exposeFunction('reportViolation', (text) => problems.push(`policy violated: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  if (process.env.EDITOR_DIST) await servePageFrom(context, server, process.env.EDITOR_DIST);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => problems.push(`script error: ${error.stack ?? error.message}`));
  page.on('dialog', (dialog) => {
    problems.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(server.url);
  // A request that follows a redirect is not served from the folder.
  if (process.env.EDITOR_DIST) await page.goto(server.origin);
  await page.getByRole('button', { name: /^(Run all|Cancel run)$/ }).waitFor();
  const finish = async () => {
    // Violations are reported asynchronously.
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
    await context.close();
    assert.deepEqual(problems, []);
  };
  return { page, context, problems, finish };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails if axe-core has a serious or critical finding. */
export async function checkAccessibility(page, state) {
  await page.evaluate(axeSource);
  const findings = await page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ['violations'] });
    return result.violations
      .filter((violation) => ['serious', 'critical'].includes(violation.impact))
      .map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 4).join(' | ')}`);
  });
  assert.deepEqual(findings, [], `accessibility of "${state}"`);
}

/** Selects a step by its ID. */
export function step(page, id) {
  return page.getByRole('button', { name: new RegExp(`^Step \\d+ ?: .* ${id}( |$)`) });
}

/** Runs something and waits until the run that it starts has ended. Returns what the page says then. */
export async function afterRun(page, start) {
  const ended = page.evaluate(
    () =>
      new Promise((done) => {
        // The text editor has a region of its own.
        const region = document.querySelector('p[role=status][aria-live=polite]');
        const observer = new MutationObserver(() => {
          const message = region.textContent.trim();
          if (/^(The run (succeeded|failed|was canceled)|Nothing was run)/.test(message)) {
            observer.disconnect();
            done(message);
          }
        });
        observer.observe(region, { childList: true, characterData: true, subtree: true });
        setTimeout(() => done(`no end after 60 s; the page says: ${region.textContent}`), 60_000);
      }),
  );
  await start();
  return ended;
}

/** Adds a step at the end, by typing words and pressing Enter. */
export async function addStep(page, words) {
  await page.getByRole('button', { name: /^Add (the first )?step$/ }).first().click();
  const search = page.getByRole('combobox', { name: 'Search operations' });
  await search.fill(words);
  await search.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** Unfolds the optional inputs of a step, unless they are shown. */
export async function unfold(page) {
  const button = page.getByRole('button', { name: /^Optional inputs/ });
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
}
