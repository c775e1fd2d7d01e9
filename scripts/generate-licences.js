// Writes docs/licences.md: every package of package-lock.json that is installed here, with the licence it states.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
const rows = Object.entries(lock.packages)
  .filter(([folder, entry]) => folder !== '' && !entry.dev && existsSync(path.join(root, folder, 'package.json')))
  .map(([folder]) => JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')))
  .filter(({ name }) => name !== 'empty-npm-package')
  .map(({ name, version, license, licenses }) => `| ${name} | ${version} | ${stated(license ?? licenses)} |`);

const text = [
  '# Licences of the packages ragtui uses at run time',
  '',
  'Made by `node scripts/generate-licences.js` from what is installed. Models have their own: `ragtui models list`.',
  '',
  '| Package | Version | Licence |',
  '| --- | --- | --- |',
  ...[...new Set(rows)].sort(),
  '',
].join('\n');
writeFileSync(path.join(root, 'docs', 'licences.md'), text);

function stated(licence) {
  if (typeof licence === 'string') return licence;
  if (Array.isArray(licence)) return licence.map(stated).join(' or ');
  return licence?.type ?? 'not stated in its package.json';
}
