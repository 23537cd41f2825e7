import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The address of a running `host-harness serve`, for `npx vite` while the page is developed.
const server = process.env.SERVE_URL ?? 'http://127.0.0.1:4820';

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  build: {
    target: 'esnext',
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy allows no inline script, so small files are not put into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    // What libraries write to the console is for their developers.
    rolldownOptions: { output: { minify: { compress: { dropConsole: true }, mangle: true, codegen: true } } },
  },
  server: { proxy: { '/api': server, '/oauth': server } },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
