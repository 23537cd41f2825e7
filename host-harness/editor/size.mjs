// The size of the built page: every file as a browser loads it, compressed by gzip.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MAX_BYTES = 200_000;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

const dist = new URL('./dist/', import.meta.url).pathname;
let total = 0;
for (const path of files(dist)) {
  const bytes = gzipSync(readFileSync(path), { level: 9 }).length;
  total += bytes;
  console.log(`${String(bytes).padStart(8)}  ${path.slice(dist.length)}`);
}
console.log(`${String(total).padStart(8)}  in all, of at most ${MAX_BYTES}`);
if (total > MAX_BYTES) {
  console.error(`The page has ${total} bytes, compressed. At most ${MAX_BYTES} are allowed.`);
  process.exit(1);
}
