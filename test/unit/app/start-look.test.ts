import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startLook } from '../../../src/app/start-look.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-look-'));
const file = path.join(folder, 'config.toml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('takes the mouse, but not in GNU screen, where Esc would wait for the next key; the settings win', () => {
  const none = path.join(folder, 'none.toml');
  expect(startLook(none, {}).mouse).toBe(true);
  expect(startLook(none, { TMUX: '/tmp/tmux-0/default,1,0' }).mouse).toBe(true);
  expect(startLook(none, { STY: '12.pts-0.box' }).mouse).toBe(false);
  writeFileSync(file, '[interface]\nmouse = true\n');
  expect(startLook(file, { STY: '12.pts-0.box' }).mouse).toBe(true);
  writeFileSync(file, '[interface]\nmouse = false\n');
  expect(startLook(file, {}).mouse).toBe(false);
});
