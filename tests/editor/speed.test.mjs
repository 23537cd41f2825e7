// How quickly the page answers.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeAll, launch, open, serve } from './harness.mjs';

after(closeAll);

test('typing in the search over all operations takes less than 50 ms per key', async () => {
  const server = await serve('name: a\nsteps: []\n', '--practice');
  const { page, finish } = await open(server);
  await page.getByRole('button', { name: 'Add the first step' }).click();
  const search = page.getByRole('combobox', { name: 'Search operations' });
  // From the key's event to the end of the frame that shows its result.
  await page.evaluate(() => {
    window.keys = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.name === 'keydown' || entry.name === 'input') window.keys.push(entry.processingEnd - entry.startTime);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true });
    document.addEventListener('keydown', () => {
      const start = performance.now();
      requestAnimationFrame(() => setTimeout(() => window.keys.push(performance.now() - start)));
    }, true);
  });
  await search.pressSequentially('create dashboard element', { delay: 60 });
  await page.keyboard.press('Control+a');
  await search.pressSequentially('a', { delay: 60 });
  const keys = await page.evaluate(() => window.keys);
  assert.ok(keys.length >= 20, `${keys.length} keys were measured`);
  keys.sort((a, b) => a - b);
  const [median, worst] = [keys[Math.floor(keys.length / 2)], keys.at(-1)];
  console.log(`search: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms per key, of ${keys.length}`);
  // The worst key may meet another process on the machine; the typical one may not take longer.
  assert.ok(keys[Math.floor(keys.length * 0.9)] < 50, `nine of ten keys take up to ${keys[Math.floor(keys.length * 0.9)]} ms`);
  await finish();
  await server.stop();
});

test('the first paint comes within a second', async () => {
  const server = await serve('name: a\nsteps:\n  - id: one\n    operation: me\n', '--practice');
  // The browser is started before the time is taken, and so is the session.
  const context = await (await launch()).newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await page.getByRole('button', { name: 'Run all' }).waitFor();
  const times = [];
  for (let round = 0; round < 3; round += 1) {
    await page.goto('about:blank');
    await page.goto(server.origin);
    await page.getByRole('button', { name: 'Run all' }).waitFor();
    times.push(await page.evaluate(() => new Promise((done) => {
      const [paint] = performance.getEntriesByName('first-contentful-paint');
      done([paint?.startTime ?? Infinity, performance.now()]);
    })));
  }
  times.sort((a, b) => a[0] - b[0]);
  console.log(`first paint ${Math.round(times[1][0])} ms, ready ${Math.round(times[1][1])} ms`);
  assert.ok(times[1][0] < 1000);
  await context.close();
  await server.stop();
});
