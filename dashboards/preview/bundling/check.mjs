// Builds the bundle again from its sources and compares: what is committed must be what the sources make.
//
//   npm ci && node bundling/check.mjs
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const here = resolve(import.meta.dirname, '..');
const committed = resolve(here, '../../exporters/featurewatch/preview/bundle');
const rebuilt = mkdtempSync(join(tmpdir(), 'featurewatch-preview-'));

function contents(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}

try {
  execFileSync('npx', ['vite', 'build', '--logLevel', 'warn'], { cwd: here, stdio: 'inherit', env: { ...process.env, BUNDLE: rebuilt } });
  const [was, is] = [contents(committed), contents(rebuilt)];
  const differing = [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path)).sort();
  for (const path of differing) {
    console.error(`${path}: ${was.has(path) ? (is.has(path) ? 'differs' : 'is no longer built') : 'is not committed'}`);
  }
  if (differing.length > 0) {
    console.error('The committed bundle is not what its sources make: run `npm run build` in dashboards/preview and commit it.');
    process.exitCode = 1;
  } else {
    console.log(`the bundle is what its sources make (${was.size} files)`);
  }
} finally {
  rmSync(rebuilt, { recursive: true, force: true });
}
