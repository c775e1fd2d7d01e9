// Adds to package-lock.json the binaries of other platforms that the registry used could not give. npm leaves them out
// of the lock, and npm 11 then refuses `npm ci` as out of step. `node scripts/complete-lock.js [--check]`, after a
// change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SYSTEMS = {
  android: 'android',
  darwin: 'darwin',
  mac: 'darwin',
  linux: 'linux',
  win32: 'win32',
  win: 'win32',
  freebsd: 'freebsd',
  openharmony: 'openharmony',
};
const PROCESSORS = {
  arm64: 'arm64',
  x64: 'x64',
  arm: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

const file = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = missingBinaries(lock);
if (process.argv.includes('--check')) {
  for (const { name } of missing) console.error(`package-lock.json lacks ${name}: run node scripts/complete-lock.js`);
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (missing.length > 0) {
  for (const { name, entry } of missing) lock.packages[`node_modules/${name}`] = entry;
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.error(`package-lock.json: added ${missing.length} packages of other platforms`);
}

/** Optional dependencies that are named by a package and have no entry of their own. */
function missingBinaries({ packages }) {
  return Object.entries(packages).flatMap(([owner, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !(`node_modules/${name}` in packages) && !(`${owner}/node_modules/${name}` in packages))
      .map(([name, version]) => ({ name, entry: entryOf(name, version, dev) })),
  );
}

/** `@biomejs/cli-linux-arm64-musl` → os linux, cpu arm64, libc musl. */
function entryOf(name, version, dev) {
  const words = name.replace(/^.*\//, '').split('-');
  const os = words.map((word) => SYSTEMS[word]).find(Boolean);
  const cpu = words.map((word) => PROCESSORS[word]).find(Boolean);
  if (!os || !cpu || !/^\d/.test(version))
    throw new Error(`${name}@${version}: its platform cannot be read off its name`);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc ? { libc } : {}), optional: true, os: [os] };
}
